"""What a program prints where widgets speak another language: they ask when they are loaded."""

from __future__ import annotations

import os
import subprocess
import sys


def printed(code: str, language: str = "de", given: bytes | str = b"", path: str = "") -> str:
    """Run Python in a process of its own.

    :param code: the program
    :param language: the widgets'
    :param given: what it reads
    :param path: where it finds modules, instead of where this process does
    :returns: what it prints
    """
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "NSLAB_LANG": language} | ({"PYTHONPATH": path} if path else {}),
        input=given.encode() if isinstance(given, str) else given,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return ended.stdout.decode()
