"""How long a notebook takes from its first cell to its last, with its pictures and without.

The cells are run one by one by IPython, in a process of their own for each of the two; nothing is
shown, but everything that a page would get is made.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def run(name: str, pictures: bool) -> float:
    """Run all cells of a notebook; the seconds that it took."""
    from IPython.core.interactiveshell import InteractiveShell

    cells = json.loads((NOTEBOOKS / name).read_text(encoding="utf-8"))["cells"]
    shell = InteractiveShell.instance()
    import nslab.draw
    import nslab.draw.path.picture

    if not pictures:
        for kind in (nslab.draw.Picture, nslab.draw.path.picture.PathPicture):
            kind.html = ""
    start = time.perf_counter()
    for cell in cells:
        if cell["cell_type"] == "code":
            with redirect_stdout(io.StringIO()) as printed, redirect_stderr(io.StringIO()):
                done = shell.run_cell("".join(cell["source"]), store_history=True)
            expected = "raises-exception" in cell["metadata"].get("tags", ())
            if not done.success and not expected:
                raise SystemExit(f"{cell['id']}: {done.error_in_exec}\n{printed.getvalue()}")
    return time.perf_counter() - start


def main(repeats: int, name: str) -> None:
    times: dict[str, list[float]] = {"on": [], "off": []}
    for _ in range(repeats):
        for pictures, taken in times.items():
            done = subprocess.run(
                [sys.executable, __file__, "one", name, pictures],
                check=True,
                capture_output=True,
                text=True,
                env={**os.environ, "NSLAB_PROGRESS": "", "IPYTHONDIR": "/run/ipython"},
            )
            taken.append(float(done.stdout.split()[-1]))
    print(json.dumps({"times": times}))


if __name__ == "__main__":
    if sys.argv[1] == "one":
        print(run(sys.argv[2], sys.argv[3] == "on"))
    else:
        main(int(sys.argv[1]), sys.argv[2])
