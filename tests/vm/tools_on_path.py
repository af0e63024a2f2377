"""A PATH with less on it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def only(directory: Path, *programs: str) -> str:
    """A PATH on which there are only these programs of the machine's."""
    directory.mkdir()
    for name in programs:
        found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if found is not None:  # some are for other versions of apt
            (directory / name).symlink_to(found)
    return str(directory)
