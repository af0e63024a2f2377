"""Room for the neighbours of all labs: the kernel has one table for all network namespaces.

    python -m nslab_hub.neighbours

gives it to this machine, now and at each start; in a container it is another's to give.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

LIMIT = Path("/proc/sys/net/ipv4/neigh/default/gc_thresh3")
"""Is there in the machine's own network namespace only."""

SETTINGS = Path("/etc/sysctl.d/60-nslab-hub.conf")


def make_room() -> bool:
    """Raise the limits; whether they are this machine's to raise.

    :raises OSError: the settings cannot be written
    :raises subprocess.CalledProcessError: the kernel does not take them; sysctl says why
    """
    if not os.access(LIMIT, os.W_OK):
        return False
    shutil.copyfile(Path(__file__).with_name("nslab-hub.sysctl"), SETTINGS)
    sysctl = shutil.which("sysctl", path="/usr/sbin:/sbin") or "sysctl"
    subprocess.run((sysctl, "--quiet", f"--load={SETTINGS}"), check=True)
    return True


def main() -> int:
    """The command; its exit code."""
    try:
        make_room()
    except (OSError, subprocess.CalledProcessError) as error:
        print(
            f"error: many labs at once would have too few neighbours: {error}\n"
            f"  → sysctl --load={SETTINGS} says why",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
