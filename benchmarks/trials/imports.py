"""What imports cost: fresh interpreters, in turn, with all bytecode compiled before.

Pitfalls: PYTHONDONTWRITEBYTECODE would have every interpreter compile the sources again; what
``.pth`` files of the environment load is in the bare interpreter's time too.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

WAYS = {
    "bare": "pass",
    "nslab": "import nslab",
    "nslab_lab": "from nslab import AddBridge, Lab",
    "pyroute2": "import pyroute2",
}


def main(repeats: int) -> None:
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    for number in range(repeats + 1):
        for way, code in WAYS.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            if number:
                times[way].append(time.perf_counter() - start)
    print(json.dumps({"times": times}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
