"""A lab, or the machine's state before a test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nslab import Lab

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as made:
        yield made
