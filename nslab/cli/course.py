"""For those who write courses: ``nslab new``, ``check-notebooks`` and ``update-notebooks``."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from nslab.cli.notebooks import lessons
from nslab.course import files
from nslab.course.checking import executing, report
from nslab.errors import NslabError, ToolMissing
from nslab.printable import printable


def notebooks(paths: list[Path]) -> list[Path]:
    """The notebooks that are named, and those in folders that are named.

    :raises InvalidInput: there is no such file, or none at all
    """
    return files.named(paths, lessons, operation="read", none="there is no notebook in it")


def check(paths: list[Path], *, exercises: bool, whole: bool, seconds: float) -> int:
    """Run notebooks and prove their exercises; print what is wrong.

    :param exercises: prove them, too
    :param whole: print all that was found
    :param seconds: what one cell may take
    :returns: the exit code: 0 if all is well
    """
    for module in ("pytest", "nbval"):
        if find_spec(module) is None:
            raise ToolMissing(
                "check notebooks",
                "",
                f"{module} is not installed",
                f"{shlex.quote(sys.executable)} -m pip install pytest nbval",
            )
    found = notebooks(paths)
    with tempfile.TemporaryDirectory() as folder:
        ran: list[dict[str, object]] = []
        for number, path in enumerate(found, 1):
            print(f"{number} of {len(found)}: {printable(path)} …", file=sys.stderr, flush=True)
            more = ["--nbval-cell-timeout", f"{seconds:g}"]
            more += [] if exercises else ["--nslab-no-exercises"]
            ran += _run([path], Path(folder) / "report.json", more)
    lines = report.lines(ran, whole=whole)
    print("\n".join(lines))
    bad = sum(not one["ok"] for one in ran)
    print(f"✘ {bad} of {len(ran)} tests failed" if bad else f"✔ all {len(ran)} tests passed")
    return 1 if bad else 0


def _run(paths: list[Path], file: Path, more: list[str]) -> list[dict[str, object]]:
    """What pytest found; each notebook in a process of its own, so that none disturbs another."""
    argv = [
        sys.executable,
        *("-m", "pytest", "-q", "--nslab", "--nslab-report", str(file)),
        *("-p", "no:cacheprovider", "--rootdir", str(Path.cwd()), "-c", "/dev/null"),
        *more,
        *map(str, paths),
    ]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False)
    if ended.returncode not in (0, 1) or not file.exists():
        last = (ended.stderr or ended.stdout).strip().splitlines()[-5:]
        raise NslabError("check", str(paths[0]), "pytest says: " + "\n".join(last), "")
    read: list[dict[str, object]] = json.loads(file.read_text(encoding="utf-8"))
    file.unlink()
    return read


def update(paths: list[Path], *, seconds: float) -> int:
    """Run notebooks again, save what came out, and print which outputs changed.

    :param seconds: what one cell may take
    :returns: the exit code: 1 if one could not be run
    """
    failed = 0
    for path in notebooks(paths):
        print(f"{printable(path)} …", file=sys.stderr, flush=True)
        try:
            changed = executing.execute(path, seconds)
        except NslabError as error:
            failed += 1
            print(f"✘ {printable(path)}: {error}")
            continue
        many = f"{len(changed)} cells put out something else"
        print(f"✔ {printable(path)}: {many if changed else 'nothing changed'}")
        for line in executing.shown(changed):
            print(line)
    return 1 if failed else 0
