"""What one kernel does and another does not."""

from __future__ import annotations

from nslab.engine.protocol import Command, Engine


def renames_while_up(engine: Engine) -> bool:
    """Since Linux 6.2 a link may be renamed while it is up; the fake does as the newest."""
    if engine.name == "fake":
        return True
    output: list[bytes] = []
    engine.run(Command(argv=("uname", "-r")), lambda _, data: output.append(data))
    major, minor = b"".join(output).split(b".")[:2]
    return (int(major), int(minor)) >= (6, 2)
