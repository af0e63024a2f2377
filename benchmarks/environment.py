"""The Python that measures: the checkout's own, where the one that was called has no packages."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path


def with_packages() -> None:
    """Go on in the checkout's environment, if this Python has no packages of nslab's."""
    own = Path(__file__).resolve().parents[1] / ".venv" / "bin" / "python"
    if find_spec("msgspec") is None:
        if not own.exists():
            name = Path(sys.argv[0]).name
            sys.exit(f"benchmarks/{name}: first make the environment: script/test lint")
        os.execv(own, [str(own), *sys.argv])
