"""How long ``Lab()`` takes until the lab can be used, and how long until it is closed again."""

from __future__ import annotations

import json
import sys
import time

from nslab import Lab


def main(repeats: int) -> None:
    times: dict[str, list[float]] = {"ready": [], "close": []}
    for _ in range(repeats):
        start = time.perf_counter()
        lab = Lab("bench")
        times["ready"].append(time.perf_counter() - start)
        start = time.perf_counter()
        lab.close()
        times["close"].append(time.perf_counter() - start)
    print(json.dumps({"times": times}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
