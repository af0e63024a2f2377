"""The file in which a learner's progress is kept.

It is the learner's own: plain JSON, to be read, copied and deleted.  It is written whole or not at
all, by several notebooks at once if need be.  One that cannot be read is kept aside, and said.
Nobody's marks come from it: those, ``nslab grade`` finds out anew.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from nslab.course import files
from nslab.course.progress.record import Record
from nslab.errors import NO_ROOM, os_cause
from nslab.printable import short

VARIABLE = "NSLAB_PROGRESS"
"""Names another file; empty: nothing is kept, as in tests."""

VERSION = 1

UNKEPT = "your progress is not kept: "

_said: set[str] = set()
"""What was said once in this process."""

_waiting: dict[Path, dict[str, Record]] = {}
"""What could not be written into a file yet; the next time it is, with all else."""

_cause: dict[Path, int] = {}
"""Why not: an errno."""


class _File(msgspec.Struct):
    """The whole file; what another version of nslab added to it stays."""

    version: int
    exercises: dict[str, Any]


def path() -> Path | None:
    """Where progress is kept; None if it is not.

    ``$NSLAB_PROGRESS``; on a hub beside the notebooks (JupyterHub names their folder), because the
    home may not outlive the server; else the user's folder for data (XDG Base Directory).
    """
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named).expanduser() if named else None
    if folder := os.environ.get("JUPYTERHUB_ROOT_DIR"):
        return Path(folder).expanduser() / "nslab-progress.json"
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    try:
        return Path(data).expanduser() / "nslab" / "progress.json"
    except RuntimeError:  # this user has no home
        return None


def read() -> dict[str, Record]:
    """What is kept, by exercise; empty if nothing is.

    A file that cannot be read is moved aside, an entry that makes no sense is left out; both are
    said on standard error.
    """
    file = path()
    if file is None:
        return {}
    try:
        whole = _load(file)
    except OSError as error:
        _say(f"your progress cannot be read: {file}: {os_cause(error.errno or 5)}")
        return {}
    return _records(file, whole)


def keep(name: str, record: Record) -> None:
    """Keep how far somebody is with an exercise, beside what other notebooks have kept.

    It never fails: where the file cannot be written, this is said, it stays as it was, and what
    could not be kept is kept with what comes next.

    :param name: the exercise's, such as ``02-bridge-X2``
    :param record: what is known of it
    """
    file = path()
    if file is None:
        return
    waiting = _waiting.setdefault(file, {})
    waiting[name] = record
    try:
        _write(file, waiting)
    except (OSError, RuntimeError) as error:
        number = getattr(error, "errno", None) or errno.EIO
        _cause[file] = number
        _say(f"{UNKEPT}{file}: {os_cause(number)}\n  → {_remedy(number)}")
    else:
        waiting.clear()
        _cause.pop(file, None)
        _said.difference_update([text for text in _said if text.startswith(UNKEPT)])


def unkept() -> int:
    """Why what was done last could not be kept, as an errno; 0 if it was."""
    file = path()
    return _cause.get(file, 0) if file is not None else 0


def _remedy(number: int) -> str:
    if number in NO_ROOM:
        return "delete files that you no longer need: it is kept with what you do next"
    return f"{VARIABLE}=FILE names a file that you can write"


def _write(file: Path, records: Mapping[str, Record]) -> None:
    """Put records into the file.

    :raises OSError: it stays as it was
    """
    # A link to a file elsewhere stays a link.
    file = file.resolve()
    file.parent.mkdir(parents=True, exist_ok=True)
    with _locked(file.parent):
        whole = _load(file)
        known = _records(file, whole)
        whole["version"] = VERSION
        entries = whole.setdefault("exercises", {})
        for name, record in records.items():
            entries[name] = msgspec.to_builtins(
                known[name].merged(record) if name in known else record
            )
        files.write(file, msgspec.json.format(msgspec.json.encode(whole)) + b"\n", 0o600)


def _load(file: Path) -> dict[str, Any]:
    """The file's content; an unreadable one is moved aside, and empty."""
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        return {}
    try:
        found: _File = msgspec.json.decode(raw, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        aside = _aside(file)
        _say(
            f"your progress was damaged ({short(str(error))}): it is kept in {aside}, and a new "
            "one begins"
        )
        return {}
    whole: dict[str, Any] = msgspec.json.decode(raw)
    whole["exercises"] = found.exercises
    return whole


def _aside(file: Path) -> Path:
    """Move a damaged file to a name that is free."""
    number = 1
    while (target := file.with_name(f"{file.name}.damaged-{number}")).exists():
        number += 1
    with contextlib.suppress(FileNotFoundError):  # another notebook was first
        file.rename(target)
    return target


def _records(file: Path, whole: dict[str, Any]) -> dict[str, Record]:
    found = {}
    for name, entry in whole.get("exercises", {}).items():
        try:
            found[name] = msgspec.convert(entry, Record)
        except msgspec.ValidationError as error:
            _say(f"in your progress, {file}, the entry {short(name)} makes no sense: {error}")
    return found


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Alone with the folder; where its file system has no locks, without."""
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(directory, fcntl.LOCK_EX)
        yield
    finally:
        os.close(directory)


def _say(text: str) -> None:
    if text not in _said:
        _said.add(text)
        print(f"nslab: {text}", file=sys.stderr)
