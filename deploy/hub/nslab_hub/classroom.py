"""A class on this very machine: a real hub, real servers, kernels and labs, and what they take.

    deploy/hub/try                    thirty learners do lesson 05
    deploy/hub/try --learners 5 --pause 1

Each learner is a user of this system, made for the purpose and removed afterwards.  A learner
starts a server, opens the lesson, and runs its cells one after the other, with a pause before each
as people make them.  Root runs it; nothing listens but on the loopback.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import json
import os
import pwd
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from nslab.cli.notebooks import source
from nslab.engine import runtime

LESSON = "05-way-out.ipynb"
PREFIX = "nslt-class"
FOLDER = "nslab-class-"
NOTE = "users"
"""In its folder: which users a class has made; held as long as it goes on."""

HOMES = "/var/lib"
"""Where the learners' homes are meanwhile: /tmp each of them has of their own."""
PATIENCE = 600.0
"""Seconds after which a learner gives up on a server or on a cell."""

_PATIENT = {"connect_timeout": PATIENCE, "request_timeout": PATIENCE}
"""For each request: by itself, tornado's client gives up after 20 seconds."""

_CONFIG = """
import os
from pathlib import Path
from nslab_hub.settings import configure
c = get_config()
configure(c, memory=os.environ["CLASS_MEMORY"], processors=float(os.environ["CLASS_CPUS"]),
          kept=Path("class").absolute(), port=int(os.environ["CLASS_PORT"]))
c.JupyterHub.bind_url = os.environ["CLASS_URL"]
c.JupyterHub.hub_bind_url = os.environ["CLASS_HUB"]
c.JupyterHub.db_url = "sqlite:///hub.sqlite"
c.JupyterHub.cleanup_servers = True
c.ConfigurableHTTPProxy.command = [os.environ["CLASS_PROXY"]]
c.ConfigurableHTTPProxy.api_url = os.environ["CLASS_PROXY_API"]
c.Authenticator.allow_all = True
c.JupyterHub.services.append({"name": "driver", "api_token": os.environ["CLASS_TOKEN"]})
c.JupyterHub.load_roles.append({
    "name": "driver", "services": ["driver"],
    "scopes": ["admin:users", "admin:servers", "access:servers", "access:services"],
})
"""

_PLAIN = """
import sys
from pathlib import Path
c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
c.Spawner.cmd = [str(Path(sys.executable).with_name("jupyterhub-singleuser"))]
c.Spawner.notebook_dir = "~"
"""
"""As JupyterHub does it by itself, to compare with."""

_NO_REST = """
from nslab_hub.settings import RESTING
c.Spawner.environment.pop(RESTING)
"""


@dataclass
class Learner:
    """What one of the class has met with; times in seconds."""

    name: str
    ready: float = 0.0
    kernel: float = 0.0
    cells: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@dataclass
class Hub:
    """A running hub, and how to ask it."""

    url: str
    token: str

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """What it answers to a request, decoded.

        :raises HTTPClientError: it refuses
        """
        request = HTTPRequest(
            self.url + path,
            method=method,
            headers={"Authorization": f"token {self.token}"},
            body=None if body is None else json.dumps(body),
            allow_nonstandard_methods=True,
            **_PATIENT,
        )
        answer = await AsyncHTTPClient().fetch(request)
        return json.loads(answer.body) if answer.body else None


async def attend(hub: Hub, learner: Learner, cells: Sequence[str], pause: float) -> None:
    """Start a server, open the lesson and do it; the kernel and its lab stay."""
    dice = random.Random(learner.name)
    begun = time.monotonic()
    try:
        await _ready(hub, learner.name)
        learner.ready = time.monotonic() - begun
        begun = time.monotonic()
        base = f"/user/{learner.name}/api"
        asked = {"path": LESSON, "name": LESSON, "type": "notebook", "kernel": {"name": "python3"}}
        session = await hub.ask("POST", f"{base}/sessions", asked)
        address = f"{hub.url}{base}/kernels/{session['kernel']['id']}/channels"
        request = HTTPRequest(
            address.replace("http", "ws", 1),
            headers={"Authorization": f"token {hub.token}"},
            **_PATIENT,
        )
        channel = await websocket_connect(request, max_message_size=1 << 26)
        await _run(channel, "pass")
        learner.kernel = time.monotonic() - begun
        for cell in cells:
            await asyncio.sleep(dice.expovariate(1 / pause) if pause else 0)
            begun = time.monotonic()
            failed = await _run(channel, cell)
            learner.cells.append(time.monotonic() - begun)
            if failed:
                learner.failures.append(failed)
        channel.close()
    except (OSError, HTTPClientError, TimeoutError, ConnectionError) as error:
        learner.failures.append(f"{type(error).__name__}: {error}")


async def _ready(hub: Hub, name: str) -> None:
    """Have a server, and wait until it answers."""
    with suppress(HTTPClientError):  # 409: there is such a user
        await hub.ask("POST", f"/hub/api/users/{name}")
    await hub.ask("POST", f"/hub/api/users/{name}/server")
    async with asyncio.timeout(PATIENCE):
        while True:
            user = await hub.ask("GET", f"/hub/api/users/{name}")
            server = user["servers"].get("", {})
            if server.get("ready"):
                return
            if not server.get("pending"):
                raise ConnectionError("its server did not start; the hub's log says why")
            await asyncio.sleep(0.25)


async def _run(channel: Any, code: str) -> str:
    """Run a cell to its end; what kind of error it ended with, or nothing."""
    mine = uuid.uuid4().hex
    header = {"msg_id": mine, "msg_type": "execute_request", "username": "", "session": mine,
              "version": "5.4", "date": ""}  # fmt: skip
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {},
               "allow_stdin": False, "stop_on_error": False}  # fmt: skip
    await channel.write_message(
        json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content,
                    "channel": "shell", "buffers": []})
    )  # fmt: skip
    failed = ""
    async with asyncio.timeout(PATIENCE):
        while True:
            message = await channel.read_message()
            if message is None:
                raise ConnectionError("the kernel's connection was closed")
            if isinstance(message, bytes):
                continue
            said = json.loads(message)
            if said["parent_header"].get("msg_id") != mine:
                continue
            if said["msg_type"] == "error":
                failed = said["content"]["ename"]
            if said["msg_type"] == "status" and said["content"]["execution_state"] == "idle":
                return failed


# -- what it takes -----------------------------------------------------------------------------


def memory_of(uid: int) -> dict[str, tuple[int, int]]:
    """By kind of process: how many a user has, and their Pss together in bytes.

    Pss shares what several processes have together among them: it adds up.
    """
    found: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            # A process in a lab runs under another number, but its login is inherited.
            if entry.stat().st_uid != uid:
                continue
            words = (entry / "cmdline").read_bytes().decode(errors="replace")
            rolled = (entry / "smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue
        match = re.search(r"^Pss: +(\d+)", rolled, re.MULTILINE)
        if match:
            count, size = found[_kind(words)]
            found[_kind(words)] = (count + 1, size + int(match[1]) * 1024)
    return dict(found)


def _kind(words: str) -> str:
    for word, kind in (
        ("ipykernel", "kernel"),
        ("nslab.engine.agent", "lab"),
        ("nslab_hub.preloaded", "server"),
        ("jupyterhub-singleuser", "server"),
    ):
        if word in words:
            return kind
    return "programs in labs"


def available() -> int:
    """Bytes of memory that could still be given out."""
    text = Path("/proc/meminfo").read_text(encoding="ascii")
    return int(re.search(r"^MemAvailable: +(\d+)", text, re.MULTILINE)[1]) * 1024  # type: ignore[index]


def taken(
    learners: Sequence[Learner], memory: Sequence[dict[str, tuple[int, int]]], took: int
) -> dict[str, Any]:
    """What the class took: counts, times in seconds, memory in megabytes a learner.

    :param memory: by learner, what :func:`memory_of` has found
    :param took: bytes that the machine had less at the end
    """
    done = [one for one in learners if one.cells]
    cells = sorted(each for one in done for each in one.cells)
    ready = sorted(one.ready for one in done)
    found: dict[str, Any] = {
        "learners": len(learners),
        "did the lesson": len(done),
        "memory": {
            kind: sum(each[kind][1] for each in memory if kind in each) / 1e6 / len(memory)
            for kind in sorted({kind for each in memory for kind in each})
        },
        "machine": took / 1e6 / max(1, len(learners)),
        "failures": [f"{one.name}: {each}" for one in learners for each in one.failures],
    }
    if done:
        found |= {
            "server ready": ready[len(ready) // 2],
            "last server": ready[-1],
            "kernel ready": statistics.median(one.kernel for one in done),
            "cell": cells[len(cells) // 2],
            "cell at 95 %": cells[int(len(cells) * 0.95)],
            "longest cell": cells[-1],
        }
    return found


def table(found: Mapping[str, Any]) -> str:
    """What a teacher wants to know, of what :func:`taken` has found."""
    every, done = found["learners"], found["did the lesson"]
    lines = [f"learners                     {every}, {done} did the lesson"]
    if done:
        lines += [
            f"server ready                 {found['server ready']:6.1f} s",
            f"the last server              {found['last server']:6.1f} s",
            f"lesson open, kernel ready    {found['kernel ready']:6.1f} s",
            f"a cell                       {found['cell']:6.2f} s",
            f"a cell, at 95 %              {found['cell at 95 %']:6.2f} s",
            f"the longest cell             {found['longest cell']:6.1f} s",
        ]
    for kind, mean in (*found["memory"].items(), ("all", sum(found["memory"].values()))):
        lines.append(f"memory: {kind:<20} {mean:6.0f} MB a learner")
    lines.append(f"memory: machine              {found['machine']:6.0f} MB a learner")
    failures = found["failures"]
    lines += [f"failures                     {len(failures)}", *failures[:10]]
    return "\n".join(lines)


# -- the hub -----------------------------------------------------------------------------------


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def make_users(names: Sequence[str], homes: Path) -> None:
    """Users of this system for a class.

    :raises subprocess.CalledProcessError: useradd failed
    """
    for name in names:
        home = str(homes / name)
        subprocess.run(
            ("useradd", "--create-home", "--home-dir", home, "--shell", "/bin/bash", name),
            check=True,
            capture_output=True,
        )


@contextlib.contextmanager
def noted(folder: Path) -> Iterator[Path]:
    """Hold the list of users that belong to a class in this folder, as long as it goes on."""
    with (folder / NOTE).open("x") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield folder / NOTE


def _ended(pid: int, begun: int) -> None:
    """End the hub of a class that was killed; of another process of that number, nothing."""
    limit = time.monotonic() + 60
    for number in (signal.SIGTERM, signal.SIGKILL):  # a second SIGTERM would have it wait for ever
        with suppress(OSError):
            if runtime.started(pid) == begun:
                os.kill(pid, number)
            while time.monotonic() < limit and runtime.started(pid) == begun:
                time.sleep(0.1)


def sweep(above: Path) -> None:
    """Remove what classes have left that were killed: nobody holds the list of their users."""
    for note in above.glob(f"{FOLDER}*/{NOTE}"):
        with suppress(OSError), note.open() as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)  # else that class goes on
            hub, begun, *names = held.read().split()
            _ended(int(hub), int(begun))
            remove_users(names)
            shutil.rmtree(note.parent, ignore_errors=True)


def remove_users(names: Sequence[str]) -> None:
    """Take away the users, and what they still run."""
    for name in names:
        with suppress(KeyError):
            uid = pwd.getpwnam(name).pw_uid
            limit = time.monotonic() + 30
            # userdel refuses while a process is there, and what was killed takes a moment to go.
            while _killed(uid) and time.monotonic() < limit:
                time.sleep(0.1)
            subprocess.run(("userdel", name), check=False, capture_output=True)


def _killed(uid: int) -> int:
    """Kill what a user runs; how many processes that were."""
    count = 0
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            if entry.name.isdecimal() and entry.stat().st_uid == uid:
                count += 1
                os.kill(int(entry.name), signal.SIGKILL)
    return count


def code_cells(path: Path) -> list[str]:
    """What is run in a notebook."""
    book = json.loads(path.read_text(encoding="utf-8"))
    return ["".join(c["source"]) for c in book["cells"] if c["cell_type"] == "code"]


async def lesson(hub: Hub, learners: Sequence[Learner], cells: Sequence[str], pause: float) -> None:
    """All learners at once; where they are is printed now and then."""
    tasks = [asyncio.create_task(attend(hub, one, cells, pause)) for one in learners]
    begun = time.monotonic()
    while not all(task.done() for task in tasks):
        await asyncio.wait(tasks, timeout=10)
        count = sum(bool(one.ready) for one in learners)
        run = sum(len(one.cells) for one in learners)
        print(
            f"{time.monotonic() - begun:5.0f} s: {count} servers, {run} of "
            f"{len(cells) * len(learners)} cells, {available() / 1e9:.1f} GB free",
            file=sys.stderr,
        )
    for task in tasks:
        task.result()


def main(words: Sequence[str] | None = None) -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(prog="deploy/hub/try", description=__doc__.partition("\n")[0])
    parser.add_argument("--learners", type=int, default=30)
    parser.add_argument("--pause", type=float, default=10.0, help="mean seconds before a cell")
    parser.add_argument("--memory", default="1G", help="a learner's limit")
    parser.add_argument("--cpus", type=float, default=0, help="a learner's limit; 0: none")
    parser.add_argument("--proxy", default=shutil.which("configurable-http-proxy") or "")
    parser.add_argument("--no-rest", action="store_true", help="labs run though nobody uses them")
    parser.add_argument("--json", type=Path, help="writes what was found into a file, too")
    parser.add_argument("--plain", action="store_true", help="without the preloaded server")
    asked = parser.parse_args(words)
    if os.geteuid():
        print("deploy/hub/try makes users: run it as root", file=sys.stderr)
        return 2
    if not asked.proxy:
        print(
            "there is no configurable-http-proxy\n  → npm install -g configurable-http-proxy",
            file=sys.stderr,
        )
        return 1
    sweep(Path(HOMES))
    with (
        tempfile.TemporaryDirectory(prefix=FOLDER, dir=HOMES) as folder,
        noted(Path(folder)) as note,
    ):
        return _class(Path(folder), note, asked)


def _class(folder: Path, note: Path, asked: argparse.Namespace) -> int:
    """Users, a hub, the lesson, the table; and nothing of it is left."""
    folder.chmod(0o711)
    homes = folder / "home"
    homes.mkdir()
    names: list[str] = []
    hub: subprocess.Popen[bytes] | None = None
    try:
        names = [f"{PREFIX}{os.getpid()}-{n:03d}" for n in range(1, asked.learners + 1)]
        note.write_text(" ".join(("0", "0", *names)), encoding="utf-8")
        make_users(names, homes)
        hub, way = _start(folder, asked)
        begun = runtime.started(hub.pid)
        note.write_text(" ".join((str(hub.pid), str(begun), *names)), encoding="utf-8")
        before = available()
        learners = [Learner(name) for name in names]
        cells = code_cells(source()[0] / LESSON)
        asyncio.run(lesson(way, learners, cells, asked.pause))
        memory = [memory_of(pwd.getpwnam(name).pw_uid) for name in names]
        found = taken(learners, memory, before - available())
        print(table(found))
        if asked.json:
            asked.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        return 1 if any(one.failures for one in learners) else 0
    finally:
        if hub is not None:
            _end(hub)
        remove_users(names)


def _start(folder: Path, asked: argparse.Namespace) -> tuple[subprocess.Popen[bytes], Hub]:
    outside, inside, api, page = _free_ports(4)
    way = Hub(f"http://127.0.0.1:{outside}", uuid.uuid4().hex)
    config = folder / "jupyterhub_config.py"
    config.write_text(
        _CONFIG + (_PLAIN if asked.plain else "") + (_NO_REST if asked.no_rest else ""),
        encoding="utf-8",
    )
    env = os.environ | {
        "CLASS_URL": way.url,
        "CLASS_HUB": f"http://127.0.0.1:{inside}",
        "CLASS_PROXY_API": f"http://127.0.0.1:{api}",
        "CLASS_PROXY": asked.proxy,
        "CLASS_PORT": str(page),
        "CLASS_TOKEN": way.token,
        "CLASS_MEMORY": asked.memory,
        "CLASS_CPUS": str(asked.cpus),
    }
    log = folder / "hub.log"
    with log.open("wb") as output:
        hub = subprocess.Popen(
            (sys.executable, "-P", "-m", "jupyterhub", "-f", str(config)),
            cwd=folder,
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for_hub(hub, outside, log)
    except BaseException:
        _end(hub)
        raise
    return hub, way


def _end(hub: subprocess.Popen[bytes]) -> None:
    hub.terminate()
    try:
        hub.wait(60)
    except subprocess.TimeoutExpired:
        hub.kill()
        hub.wait()


def _wait_for_hub(hub: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(600):
        if hub.poll() is not None:
            raise SystemExit("the hub did not start:\n" + log.read_text(errors="replace")[-2000:])
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(b"GET /hub/api HTTP/1.0\r\n\r\n")
            if b" 200 " in connection.recv(64):
                return
        time.sleep(0.2)
    raise SystemExit(f"the hub did not answer within two minutes: see {log}")


if __name__ == "__main__":
    sys.exit(main())
