"""The kernel that the lessons name: Python's own, with ``%%host`` and ``%%ns`` from its start.

Started as its kernelspec says (``share/jupyter/kernels/nslab`` of the environment).  Other kernels
of the environment are left as they are.
"""

from __future__ import annotations

from ipykernel.kernelapp import IPKernelApp

EXTENSION = "nslab.jupyter.magics"


def main() -> None:
    """Become that kernel."""
    IPKernelApp.launch_instance(extra_extensions=[EXTENSION])


if __name__ == "__main__":
    main()
