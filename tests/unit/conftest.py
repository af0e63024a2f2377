"""What several unit tests begin with: a lab in memory, and its builder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nslab import Lab
from nslab.jupyter.widgets import Builder


@pytest.fixture
def lab() -> Iterator[Lab]:
    """An empty one."""
    with Lab(engine="fake") as made:
        yield made


@pytest.fixture
def builder(lab: Lab) -> Iterator[Builder]:
    made = lab.builder()
    yield made
    made.close()
