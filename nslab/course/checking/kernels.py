"""Kernels that are reached by files, not by ports.

Jupyter looks for five free ports, lets go of them, and starts a kernel that takes them.  What runs
beside it may be quicker, and such a kernel dies before it has said a word: with several notebooks
at once it happens now and then.  A file in a directory of its own is taken by nobody else.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from typing import Any

from jupyter_client.manager import AsyncKernelManager, KernelManager


class FileKernelManager(KernelManager):
    """As nbval and tests use it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**_files_of(self), **options)


class AsyncFileKernelManager(AsyncKernelManager):
    """As nbclient uses it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**_files_of(self), **options)


def _files_of(manager: object) -> dict[str, str]:
    """Options: the files of its kernel are in a directory that is removed with it."""
    place = tempfile.mkdtemp(prefix="nslab-kernel-")
    weakref.finalize(manager, shutil.rmtree, place, ignore_errors=True)
    return {"transport": "ipc", "ip": f"{place}/k"}
