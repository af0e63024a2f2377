"""The agent's own modules, as a virtual machine gets them: an archive that the kernel unpacks.

They are not in the image, which takes a minute: a changed line costs a cold start only.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from nslab.engine.vm import archive

ROOT = Path(__file__).parents[2]
PARTS = (
    "__init__.py",
    "printable.py",
    "errors.py",
    "network",
    "engine/__init__.py",
    "engine/protocol.py",
    "engine/default_network.py",
    "engine/explain",
    "engine/uapi.py",
    "engine/messages.py",
    "engine/runtime.py",
    "engine/agent",
)


def files() -> dict[str, bytes]:
    """What the agent may import, by its path below the package's parent."""
    found = {}
    for part in PARTS:
        path = ROOT / part
        for one in sorted(path.rglob("*.py")) if path.is_dir() else (path,):
            found[f"nslab/{one.relative_to(ROOT)}"] = one.read_bytes()
    return found


@cache
def packed() -> bytes:
    """The archive, to stand behind an image's own."""
    entries = [archive.directory("code"), archive.directory("code/nslab")]
    made = {"nslab"}
    for path, content in files().items():
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            directory = "/".join(parts[:depth])
            if directory not in made:
                made.add(directory)
                entries.append(archive.directory(f"code/{directory}"))
        entries.append(archive.file(f"code/{path}", content))
    return archive.compressed(entries)


@cache
def digest() -> str:
    """Changes with every line of it."""
    return hashlib.sha256(packed()).hexdigest()[:16]
