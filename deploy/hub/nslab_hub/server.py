"""A learner's server as a command, ``nslab-hub-server``, for hubs with a spawner of their own.

What is decided beside the learner is done here, as the learner: the lessons are handed out, and
kernels get sockets in the learner's folder.  :mod:`nslab_hub.preloaded` does the same in a fork.
"""

from __future__ import annotations

import os
import sys

from nslab_hub.lessons import hand_out
from nslab_hub.preloaded import kernels
from nslab_hub.settings import options


def main() -> int:
    """The command, in place of ``jupyterhub-singleuser`` and with its options; its exit code."""
    os.umask(0o077)  # who shares a group with learners does not read what they write
    hand_out()
    sys.argv += [*options(), *kernels()]
    from jupyterhub.singleuser import main as serve

    return serve() or 0
