"""The kernel that the lessons name: Python's own, with ``%%host`` and ``%%ns`` from its start.

Started as its kernelspec says (``share/jupyter/kernels/nslab`` of the environment).  Other kernels
of the environment are left as they are.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp

from nslab.jupyter import magics

FIRST_TO_GO = 300
"""Of 1000 (oom_score_adj, proc(5)): as if it took so many thousandths more of the limit."""

EXTENSION = "nslab.jupyter.magics"


class Kernel(IPythonKernel):
    """Python's kernel, whose help (Shift+Tab) knows the commands in cells of a lab."""

    def do_inspect(  # type: ignore[override]  # as IPythonKernel's own
        self, code: str, cursor_pos: int, detail_level: int = 0, omit_sections: Any = ()
    ) -> dict[str, Any]:
        """What is shown about the word at the cursor."""
        help_text = magics.help_at(self.shell, code, cursor_pos)
        if help_text is None:
            ask: Any = super().do_inspect
            found: dict[str, Any] = ask(code, cursor_pos, detail_level, omit_sections)
            return found
        data = {"text/plain": help_text} if help_text else {}
        return {"status": "ok", "found": bool(help_text), "data": data, "metadata": {}}


def give_way() -> None:
    """Where a limit of memory is shared with the server, be ended before it, with all labs.

    JupyterHub names such a limit.  Without this the kernel of the machine ends the largest process,
    which is the server as often as not: then all notebooks are gone, and nothing says why.
    """
    if os.environ.get("MEM_LIMIT"):
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(str(FIRST_TO_GO), encoding="ascii")


def spare_memory() -> None:
    """Where memory is limited, do without JupyterLab's debugger: 8 MB less for each kernel.

    ipykernel reads it at the start, used or not, and goes without where it is missing.
    """
    if os.environ.get("MEM_LIMIT"):
        sys.modules.setdefault("debugpy", None)  # type: ignore[arg-type]  # its import then fails


def main() -> None:
    """Become that kernel."""
    give_way()
    spare_memory()
    IPKernelApp.launch_instance(kernel_class=Kernel, extra_extensions=[EXTENSION])


if __name__ == "__main__":
    main()
