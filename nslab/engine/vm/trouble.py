"""What can go wrong with a virtual machine, each with a name of its own."""

from __future__ import annotations

from nslab.errors import EngineUnavailable


class BuildFailed(EngineUnavailable):
    """The image could not be made: at which step, why, and what to do."""

    def __init__(self, step: str, cause: str, hint: str = "") -> None:
        super().__init__(
            "build the virtual machine's image",
            "",
            f"{step}: {cause}",
            hint or "try again: nslab vm build",
        )


class NoMachine(EngineUnavailable):
    """The virtual machine does not start."""

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__("start a lab", "in a virtual machine", cause, hint)
