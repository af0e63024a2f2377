"""A real Docker engine inside a lab: ``dockerd`` with its own docker0, data and socket.

>>> from nslab import Lab
>>> from nslab.course.docker import start
>>> with Lab() as lab:                                          # doctest: +SKIP
...     start(lab)
...     lab.sh("docker run -d --name app --hostname app busybox sleep 1000")

It is the program of the Debian package ``docker.io``, unchanged, as root of the pseudo-host, which
may be an ordinary user's lab.  Everything it makes is in memory and ends with the lab; nothing is
fetched: the one image, ``busybox``, is made from this machine's own busybox.

What differs from an engine on a real host, because a pseudo-host owns no control groups and an
ordinary user has one user id only: containers have no limits of memory or processor, and no
terminal group (``runc``, its default runtime here, says how).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from nslab.errors import InvalidInput, NslabError, ToolMissing
from nslab.session.lab import Lab

LIMIT = 90.0
"""Seconds in which the engine must answer.  It takes about one, and more where the processor is
emulated."""

PROGRAMS = {
    "dockerd": "docker.io",
    "docker": "docker.io",
    "runc": "runc",
    "python3": "python3",
    "busybox": "busybox-static",
}
"""What is needed on this machine, with Debian's package of each."""


def start(lab: Lab) -> None:
    """Start an engine in a lab, and make its image ``busybox``.  Starting twice is no error.

    ``lab.undo()`` does not bring it back: start it again.

    :raises ToolMissing: the engine or busybox is not installed on this machine
    :raises NslabError: the engine did not come up; with its own last words
    """
    if lab.engine.name == "fake":
        raise InvalidInput(
            "start Docker in", lab.name, "this lab is a model in memory", "make a real one: Lab()"
        )
    for program, package in PROGRAMS.items():
        if lab.run("sh", "-c", f"command -v {program}").returncode:
            raise ToolMissing(
                "start Docker in",
                lab.name,
                f"{program} is not installed on this machine",
                f"sudo apt-get install --no-install-recommends {package}",
            )
    lab.run("sh", "-c", _KEEP, stdin=_text("runc.py"))
    ran = lab.run("bash", "-s", stdin=_text("start.sh"), timeout=2 * LIMIT)
    if ran.returncode:
        words = (ran.stderr.strip() or ran.stdout.strip()).splitlines()
        raise NslabError(
            "start Docker in",
            lab.name,
            words[-1] if words else "it ended without a message",
            "its full output is in the lab's /run/nslab/docker/log",
        )


_KEEP = "mkdir -p /run/nslab/docker && cat > /run/nslab/docker/runc"
_END = "end-of-what-nslab-brings"


@cache
def _text(name: str) -> str:
    """One of the files beside this one."""
    return files("nslab.course.docker").joinpath(name).read_text()


def lines() -> tuple[str, ...]:
    """The same as lines to be typed in a host: for a lab that begins with an engine.

    ``lab.reset()`` and ``lab.undo()`` then start it again.  The files are written out in them,
    because the lab may live where nslab is not installed.
    """
    runc, script = _text("runc.py"), _text("start.sh")
    return (
        f"{_KEEP} <<'{_END}'\n{runc.rstrip()}\n{_END}",
        f"bash -s <<'{_END}'\n{script.rstrip()}\n{_END}",
    )
