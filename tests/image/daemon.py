"""A Docker engine of one's own, beside whatever this machine has, and the image that it builds."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

from prove import Tale, Unproved

CAPTURE = """#!/bin/sh
# Stands in for runc: keeps the specification of a container, and starts none.
bundle=
while [ $# -gt 0 ]; do
    case $1 in
        --bundle) shift; bundle=$1 ;;
        create) made=1 ;;
    esac
    shift
done
[ -z "${made:-}" ] || cp "$bundle/config.json" %s
exit 1
"""


class Engine:
    """``dockerd`` with its own data and socket, without a bridge or rules of its own.

    What it runs shares this network, for it builds; or has none.
    """

    def __init__(self, work: Path, tale: Tale) -> None:
        self.work, self.tale = work, tale
        self.socket, self.spec = work / "docker.sock", work / "spec.json"
        capture = work / "capture"
        capture.write_text(CAPTURE % self.spec)
        capture.chmod(0o755)
        self.log = (work / "dockerd.log").open("ab")
        self.process = subprocess.Popen(
            [
                "dockerd",
                *("--bridge", "none", "--iptables=false", "--ip6tables=false"),
                "--ip-forward=false",
                *("--data-root", str(work / "docker"), "--exec-root", str(work / "dockerd")),
                *("--pidfile", str(work / "docker.pid"), "-H", f"unix://{self.socket}"),
                *("--group", "0", "--storage-driver", "overlay2"),
                *("--add-runtime", f"capture={capture}"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )
        limit = time.monotonic() + 120
        while self._asked("version").returncode:
            if self.process.poll() is not None or time.monotonic() > limit:
                raise Unproved(f"dockerd does not answer; see {work / 'dockerd.log'}")
            time.sleep(0.1)

    def _asked(self, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
        # A newer client elsewhere in PATH may lack what builds.
        client = "/usr/bin/docker" if os.path.exists("/usr/bin/docker") else "docker"
        return subprocess.run(
            [client, "-H", f"unix://{self.socket}", *words],
            capture_output=True,
            text=True,
            check=False,
            **more,
        )

    def ask(self, *words: str, **more: Any) -> str:
        """What a command of the client prints.

        :raises Unproved: it fails
        """
        done = self._asked(*words, **more)
        with self.tale.log.open("a") as out:
            out.write(f"\n$ docker {' '.join(words)}\n{done.stdout}{done.stderr}")
        if done.returncode:
            raise Unproved(f"docker {' '.join(words)}: {(done.stdout + done.stderr)[-3000:]}")
        return done.stdout

    def tried(self, *words: str) -> tuple[int, str]:
        """The same for one that may fail: its exit code, and what it says."""
        done = self._asked(*words)
        return done.returncode, done.stdout + done.stderr

    def build(self, context: Path, base: str, **arguments: str) -> None:
        given = [f"--build-arg={key}={value}" for key, value in {"BASE": base, **arguments}.items()]
        self.ask(
            *("build", "--progress", "plain", "--network", "host", *given),
            *("--file", str(context / "deploy/image/Dockerfile"), "--tag", "nslab", str(context)),
            env={**os.environ, "DOCKER_BUILDKIT": "1"},
        )

    def specification(self, *options: str) -> dict[str, Any]:
        """What the engine would have runc start, as OCI says it."""
        self.spec.unlink(missing_ok=True)
        self._asked("run", "--rm", "--runtime", "capture", "--network", "none", *options, "nslab")
        if not self.spec.exists():
            raise Unproved("the engine started nothing")
        return dict(json.loads(self.spec.read_text()))

    def inspect(self) -> dict[str, Any]:
        (found,) = json.loads(self.ask("image", "inspect", "nslab"))
        return dict(found)

    def layers(self) -> list[Path]:
        """Where the image's layers are, the uppermost first."""
        data = self.inspect()["GraphDriver"]["Data"]
        return [Path(data["UpperDir"]), *map(Path, data["LowerDir"].split(":"))]

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
