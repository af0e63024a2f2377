"""The private place of one trial: run as PID 1 of fresh network, mount and pid namespaces.

Usage, behind ``unshare --net --mount --pid --fork --kill-child --mount-proc``:
``python inside.py [--star N] -- COMMAND …``

What the command prints last must be a line of JSON; it is passed on.  With ``--star`` the star that
the command left behind is looked at, outside of the measured time: a ping from the first and from
the last namespace to the gateway, the loopback device, the number of ports.

Pitfalls: the machine's own /sys would show (and let brctl write to) the machine's bridges, so it
is mounted anew; whatever is orphaned here must be reaped here, or its namespaces seem to live on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True)


def prepare() -> None:
    for kind, place in (("sysfs", "/sys"), ("tmpfs", "/run")):
        subprocess.run(["mount", "-t", kind, "none", place], check=True)
    for directory in ("/run/netns", "/run/lock"):
        os.mkdir(directory)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def follow(argv: list[str]) -> tuple[int, str]:
    """Run the command and reap everything that ends meanwhile; its code and what it printed."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(argv, stdout=output, stdin=subprocess.DEVNULL)
        while True:
            pid, status = os.wait()
            if pid == process.pid:
                process.returncode = os.waitstatus_to_exitcode(status)
                break
        output.seek(0)
        return process.returncode, output.read().decode(errors="replace")


def star_is_wrong(size: int) -> str:
    """What is wrong with the star n0 … on br0; nothing if it is right."""
    for name in ("n0", f"n{size - 1}"):
        ping = run("ip", "netns", "exec", name, "ping", "-c3", "-i0.2", "-W1", "10.0.0.1")
        if ping.returncode:
            return f"{name} does not reach the gateway: {ping.stdout}{ping.stderr}"
        if "LOOPBACK,UP" not in run("ip", "-n", name, "link", "show", "lo").stdout:
            return f"lo is down in {name}"
    ports = len(run("ip", "-o", "link", "show", "master", "br0", "up").stdout.splitlines())
    return "" if ports == size else f"the bridge has {ports} ports that are up"


def main(arguments: list[str]) -> int:
    place = arguments.index("--")
    options, argv = arguments[:place], arguments[place + 1 :]
    prepare()
    code, output = follow(argv)
    if code:
        print(f"{argv}: ended with {code}: {output[-2000:]}", file=sys.stderr)
        return 1
    result = json.loads(output.strip().splitlines()[-1])
    wrong = star_is_wrong(int(options[1])) if options else result.pop("wrong", "")
    if wrong:
        print(wrong, file=sys.stderr)
        return 1
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
