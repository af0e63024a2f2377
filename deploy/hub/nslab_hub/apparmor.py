"""Ubuntu's AppArmor allows user namespaces by the name of the program: that of learners' Python.

    python -m nslab_hub.apparmor

does it for the Python that runs this, where the kernel asks for it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RESTRICTED = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
"""Says 1 where a profile is needed: on Ubuntu from 23.10 on."""

PROFILE = Path("/etc/apparmor.d/nslab-hub")


def allow(python: Path) -> bool:
    """Have the kernel allow labs to whatever runs in that Python; whether that was needed.

    :param python: the program, or a link to it
    :raises OSError: the profile cannot be written
    :raises subprocess.CalledProcessError: the kernel does not take it; the parser says why
    """
    try:
        if RESTRICTED.read_text(encoding="ascii").strip() != "1":
            return False
    except FileNotFoundError:
        return False
    text = Path(__file__).with_name("nslab-hub.apparmor").read_text(encoding="utf-8")
    PROFILE.write_text(text.replace("@PYTHON@", str(python.resolve())), encoding="utf-8")
    subprocess.run(("apparmor_parser", "-r", str(PROFILE)), check=True)
    return True


def main() -> int:
    """The command; its exit code."""
    try:
        allow(Path(sys.executable))
    except (OSError, subprocess.CalledProcessError) as error:
        print(
            f"error: labs are not allowed, because {PROFILE} could not be loaded: {error}\n"
            f"  → apparmor_parser -r {PROFILE} says why",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
