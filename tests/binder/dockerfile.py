"""The Dockerfile that repo2docker makes of a checkout: asked for, and read into steps."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

USER, UID = "jovyan", 1000
"""As BinderHub names it."""

# Found, not imported: its own imports warn of what is deprecated.
_FOUND = importlib.util.find_spec("repo2docker")
assert _FOUND is not None
assert _FOUND.origin is not None
PACKAGE = Path(_FOUND.origin).parent
LOCK = PACKAGE / "buildpacks/conda/environment.py-3.11-linux-64.lock"
"""What the base has before the project's own requirements come."""


def generated(checkout: Path) -> str:
    """The Dockerfile as text; no Docker engine is asked.

    :raises RuntimeError: repo2docker does not accept the checkout
    """
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "repo2docker",
            "--no-build",
            "--debug",
            f"--user-id={UID}",
            f"--user-name={USER}",
            str(checkout),
        ],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"repo2docker ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


@dataclass
class Step:
    """An instruction, as whom and where it is carried out, and with which variables."""

    word: str
    text: str
    user: str
    directory: str
    env: dict[str, str] = field(repr=False)


def steps(text: str, arguments: dict[str, str]) -> list[Step]:
    """Every instruction in order.  ``arguments`` are what the build is told (--build-arg)."""
    found: list[Step] = []
    user, directory = "root", "/"
    env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    args: dict[str, str] = {}

    def filled(value: str) -> str:
        known = args | env
        return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda m: known.get(m[1] or m[2], ""), value)

    for word, rest in _instructions(text):
        if word == "ENV":
            env |= {
                name: filled(value)
                for name, _, value in (each.partition("=") for each in shlex.split(rest))
            }
        elif word == "ARG":
            name, _, value = rest.partition("=")
            args[name] = arguments.get(name, filled(value))
        elif word == "USER":
            user = filled(rest)
        elif word == "WORKDIR":
            directory = filled(rest)
        elif word == "COPY":
            rest = filled(rest)
        found.append(Step(word, rest, user, directory, args | env))
    return found


def _instructions(text: str) -> list[tuple[str, str]]:
    found = []
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    # What repo2docker says besides comes before the first instruction.
    start = next(number for number, line in enumerate(lines) if line.startswith("FROM "))
    for line in re.sub(r"\\\n", "\n\0", "\n".join(lines[start:])).replace("\n\0", " ").splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            found.append((word, rest.strip()))
    return found
