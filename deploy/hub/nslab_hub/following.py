"""A service that ends with the hub that started it.

JupyterHub ends its services when it stops.  One that is killed cannot: its services would go on
with tokens that the next hub does not know, and on the port that the next one's need.
"""

from __future__ import annotations

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_with_parent() -> None:
    """Have the kernel send SIGTERM to this process when its parent ends, however that ends.

    To be called after any change of uid, which takes it back (prctl(2)).

    :raises OSError: prctl is refused
    """
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, f"prctl(PR_SET_PDEATHSIG): {os.strerror(number)}")
