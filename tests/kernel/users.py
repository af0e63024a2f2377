"""Two ordinary users, made for the tests, and what they run."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

HOLDER = """
import sys
from nslab import Lab
lab = Lab(sys.argv[1], engine=sys.argv[2])
lab.sh("ip netns add ns1", echo=False)
for line in sys.argv[3:]:
    lab.sh(line, echo=False)
print("ready", flush=True)
sys.stdin.read()
lab.close()
"""


class User:
    """An ordinary user of this machine, with a home of his own."""

    def __init__(self, letter: str, home: Path) -> None:
        self.name = f"nsl{letter}{os.getpid()}"
        self.home = home / self.name
        subprocess.run(
            [
                "useradd",
                "--create-home",
                "--home-dir",
                str(self.home),
                "--shell",
                "/bin/sh",
                "--password",
                "*",
                self.name,
            ],
            check=True,
        )
        account = pwd.getpwnam(self.name)
        self.uid, self.gid = account.pw_uid, account.pw_gid
        self._running: list[subprocess.Popen[str]] = []

    def words(self, *words: str, **environment: str) -> list[str]:
        """As this user, in a clean environment."""
        given = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.home),
            "USER": self.name,
            "PYTHONPATH": str(ROOT),
            **environment,
        }
        return [
            "setpriv",
            f"--reuid={self.uid}",
            f"--regid={self.gid}",
            "--clear-groups",
            "env",
            "-i",
            *(f"{key}={value}" for key, value in given.items()),
            *words,
        ]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.words(*words),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            cwd="/",
            timeout=120,
        )

    def python(self, code: str, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-c", code, *words)

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """A process that stays until the test's end; it has said something."""
        process = subprocess.Popen(
            self.words(*words, **environment),
            cwd="/",
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline()
        return process

    def hold(self, name: str, *lines: str, engine: str = "local", **environment: str) -> None:
        """A lab, in which lines were run."""
        self.start(sys.executable, "-c", HOLDER, name, engine, *lines, **environment)

    def end(self) -> None:
        for process in self._running:
            process.communicate()
        self._running.clear()

    def remove(self) -> None:
        self.end()
        subprocess.run(
            ["userdel", "--remove", "--force", self.name], check=False, capture_output=True
        )
