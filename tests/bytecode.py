"""Keeps what pytest makes of the sources beside them, before tests run.

pytest rewrites each ``assert`` of the tests and of the package, for it is a plug-in of pytest's.
That takes a processor 20 seconds, and each process of a run does it anew where it may not keep the
result: an ordinary user may not write beside root's sources, and PYTHONDONTWRITEBYTECODE has nobody
keep it.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import pytest


class Everything:
    """A plug-in that also imports what no test imports at once."""

    @staticmethod
    def pytest_collection_finish() -> None:
        import nslab  # earlier, pytest could not rewrite it

        for found in pkgutil.walk_packages(nslab.__path__, "nslab."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)


if __name__ == "__main__":
    sys.dont_write_bytecode = False
    sys.exit(pytest.main(["-qq", "--collect-only", "-p", "no:nbval", "tests"], [Everything()]))
