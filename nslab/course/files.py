"""Files that somebody names, and files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from nslab.errors import InvalidInput


def named(
    paths: Sequence[Path], inside: Callable[[Path], Iterable[Path]], *, operation: str, none: str
) -> list[Path]:
    """The files that are named, and those in folders that are named; each once.

    :param inside: which files of a folder count
    :param operation: what is to be done with them, for the error
    :param none: what it means that there are none
    :raises InvalidInput: there is no such file, or none at all
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += inside(path)
        elif path.exists():
            found.append(path)
        else:
            raise InvalidInput(operation, str(path), "there is no such file", "check the path")
    if not found:
        raise InvalidInput(operation, ", ".join(map(str, paths)), none, "name other files")
    return list(dict.fromkeys(found))


def write(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file whole or not at all, also if the machine stops meanwhile.

    A link to a file elsewhere stays a link; a file that is there keeps its permissions.

    :param mode: what a new file's permissions are, less what the umask takes
    :raises OSError: it cannot be written; then it is as it was
    """
    path = path.resolve()
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
            file.flush()
            with contextlib.suppress(FileNotFoundError):
                os.fchmod(file.fileno(), path.stat().st_mode & 0o777)
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise
