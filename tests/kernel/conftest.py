"""A lab, or the machine's state before a test."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nslab import Lab

sys.path.insert(0, str(Path(__file__).parent))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What only root can try is not there for others; it runs in the part that is root's.

    A list of all tests (``--collect-only``) is the same for everybody.
    """
    if config.option.collectonly:
        return
    left_out = [item for item in items if item.get_closest_marker("root") and os.geteuid() != 0]
    if left_out:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab() as made:
        yield made
