"""Proves the project's Vagrantfile and provisioning, unchanged, in a real virtual machine.

Run it through tests/vagrant/prove, which installs what it needs.  It builds a box (box.py), makes a
private place for libvirt (den.py), and takes a virtual machine through its life there: made, set up
with an interruption, served, reloaded, set up again, switched off and on, destroyed.

What it cannot prove: VirtualBox, which is not to be had without a kernel module of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import hashlib
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import box
import den

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).with_name("proved.txt")
INPUTS = ("Vagrantfile", "script/provision", "script/common.sh", "tests/vagrant/box.py",
          "tests/vagrant/den.py", "tests/vagrant/prove", "tests/vagrant/prove.py")  # fmt: skip
PORT, OTHER_PORT = 8888, 8890
NOTEBOOKS = ("04-*.ipynb", "08-*.ipynb", "12-*.ipynb")
ADDRESS = re.compile(r"http://localhost:(\d+)/\?token=([\w-]+)")


# Lines H1 to H6 of lesson 08, on the machine itself.
SECOND_CARD = """set -e
tar -C / -cf - bin/busybox | docker import - busybox > /dev/null
docker run -d --name app busybox /bin/busybox sleep 600 > /dev/null
pid=$(docker inspect -f '{{.State.Pid}}' app)
sudo ip link add peerA type veth peer name peerB
sudo brctl addif docker0 peerA
sudo ip link set peerA up
sudo ip link set peerB netns $pid
sudo nsenter -t $pid -n ip link set dev peerB name eth1
sudo nsenter -t $pid -n ip link set eth1 up
docker exec app /bin/busybox ip -o link
docker rm -f app > /dev/null
"""


class Unproved(Exception):
    """Something was not as it must be; the message says what."""


# -- what was proved ---------------------------------------------------------------------------


def fingerprint() -> str:
    """Changes when the Vagrantfile, the provisioning or this proof does."""
    digest = hashlib.sha256()
    for name in INPUTS:
        digest.update(f"{name}\n".encode() + (ROOT / name).read_bytes())
    return digest.hexdigest()


def recorded() -> dict[str, str]:
    """The last green proof: its fingerprint, date and durations; empty if there is none."""
    if not RECORD.exists():
        return {}
    return dict(re.findall(r"^([^#\n:]+): (.*)$", RECORD.read_text(), re.MULTILINE))


def record(what: str, seconds: dict[str, float]) -> None:
    """Write down that this fingerprint was proved."""
    lines = ["# The last green run of tests/vagrant/prove, which writes this file: commit it."]
    lines += [f"fingerprint: {what}", f"date: {datetime.date.today()}"]
    lines += [f"{name}: {value:.0f} s" for name, value in seconds.items()]
    lines += [f"in all: {sum(seconds.values()):.0f} s"]
    RECORD.write_text("\n".join(lines) + "\n")


# -- the tale ----------------------------------------------------------------------------------


class Tale:
    """Says what is done, runs commands with their output in log files, keeps the durations."""

    def __init__(self, work: Path) -> None:
        self.logs = work / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.seconds: dict[str, float] = {}
        self.count = 0

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        print(f"== {name}", flush=True)
        started = time.monotonic()
        yield
        self.seconds[name] = self.seconds.get(name, 0) + time.monotonic() - started
        print(f"   {self.seconds[name]:.0f} s", flush=True)

    def ok(self, what: str) -> None:
        print(f"   ✔ {what}", flush=True)

    def log(self, title: str) -> Path:
        self.count += 1
        return self.logs / f"{self.count:02d}-{re.sub(r'[^a-z0-9]+', '-', title.lower())[:40]}.log"

    def run(self, *command: object) -> None:
        """A command of this machine, which must succeed."""
        words = [str(word) for word in command]
        log = self.log(Path(words[0]).name)
        with log.open("wb") as out:
            code = subprocess.run(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False
            ).returncode
        if code:
            raise Unproved(f"{words[0]} ended with {code}:\n{tail(log)}")


def tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join(f"    {line}" for line in lines if "Progress: " not in line)[-3000:]


def must(holds: object, what: str) -> None:
    if not holds:
        raise Unproved(what)


class Vagrant:
    """The command vagrant, on the project's own Vagrantfile."""

    def __init__(self, tale: Tale, work: Path) -> None:
        self.tale = tale
        self.env = den.environment(work)

    def run(
        self, *words: str, fails: bool = False, during: Callable[[], None] | None = None,
        **settings: str,
    ) -> str:  # fmt: skip
        """Run it; answer with what it printed.  ``during`` runs beside it."""
        log = self.tale.log(" ".join(words))
        with log.open("wb") as out:
            process = subprocess.Popen(
                ["vagrant", *words], cwd=ROOT, env={**self.env, **settings},
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
            beside = threading.Thread(target=during) if during else None
            if beside:
                beside.start()
            code = process.wait()
            if beside:
                beside.join()
        if bool(code) != fails:
            raise Unproved(f"vagrant {' '.join(words)} ended with {code}:\n{tail(log)}")
        return log.read_text(errors="replace")

    def ssh(self, line: str, *, fails: bool = False) -> str:
        """Run a line in the machine as vagrant ssh -c does; answer with its standard output."""
        log = self.tale.log("ssh " + line)
        done = subprocess.run(
            ["vagrant", "ssh", "--no-tty", "-c", line], cwd=ROOT, env=self.env,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        log.write_text(f"$ {line}\n{done.stdout}\n{done.stderr}\nexit code {done.returncode}\n")
        if bool(done.returncode) != fails:
            raise Unproved(f"in the machine, {line} ended with {done.returncode}:\n{tail(log)}")
        return done.stdout


# -- what must hold whenever the machine is up -------------------------------------------------


def get(path: str, port: int, token: str | None = None) -> tuple[int, str]:
    """Ask JupyterLab through the forwarded port; follows no redirect."""
    headers = {"Authorization": f"token {token}"} if token else {}
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.build_opener(Still).open(asked, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""
    except OSError as error:
        raise Unproved(f"nothing answers on port {port}: {error}") from error


class Still(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def serves(tale: Tale, told: str, port: int = PORT, before: str | None = None) -> str:
    """What ``vagrant`` printed leads to the lessons, and only with the token in it."""
    found = set(ADDRESS.findall(told))
    must(len(found) == 1, f"one address must be printed, not {len(found)}")
    ((at, token),) = ((int(number), word) for number, word in found)
    must(at == port, f"the address names port {at}, JupyterLab is forwarded to {port}")
    must(before in (None, token), "the token has changed")
    status, page = get(f"/lab?token={token}", port)
    must(status == 200 and "<title>JupyterLab</title>" in page, f"no JupyterLab page: {status}")
    listed = json.loads(get("/api/contents/", port, token)[1])["content"]
    names = [entry["name"] for entry in listed]
    must("00-start-here.ipynb" in names and "04-cables.ipynb" in names, f"lessons: {names}")
    for wrong in (None, "wrong", token[:-1]):
        status, _ = get("/api/contents/", port, wrong)
        must(status in (401, 403), f"with the token {wrong} it answers {status}")
    must(get("/lab", port)[0] in (302, 403), "JupyterLab opens without a token")
    tale.ok(f"JupyterLab answers on port {port} with the token that was printed, and only with it")
    return token


def notebooks(vagrant: Vagrant, pattern: str) -> None:
    """Run lessons in the machine as its learner, and compare every output with the saved one."""
    lessons = [path.name for path in sorted((ROOT / "notebooks").glob(pattern))]
    for name in lessons:
        vagrant.ssh(
            "cd /opt/nslab && PYTHONPATH=/srv/runner NSLAB_QUICK=1 LANG=C.UTF-8 "
            "/opt/nslab-venv/bin/python -m pytest -q -p no:cacheprovider --nbval "
            f"--nbval-current-env --nbval-sanitize-with tests/nbval.cfg notebooks/{name}"
        )
        vagrant.tale.ok(f"{name}: all outputs as saved")


def trusted(vagrant: Vagrant) -> None:
    told = vagrant.ssh(
        "/opt/nslab-venv/bin/python -c 'from nslab.cli import notebooks as n; "
        "from pathlib import Path; found = n.lessons(Path.home() / \"nslab-notebooks\"); "
        "print(len(found), sum(map(n._trusted, found)))'"
    ).split()
    must(told[0] == told[1] != "0", f"of {told[0]} lessons {told[1]} are trusted")
    vagrant.tale.ok(f"all {told[0]} notebooks are trusted")


# -- the life of a machine ---------------------------------------------------------------------


def inside(work: Path, hold: bool) -> dict[str, float]:
    """All that needs libvirt, in the private place."""
    tale = Tale(work / "vagrant")
    den.furnish(work)
    with tale.stage("libvirtd"):
        libvirtd = den.Libvirtd(work)
    vagrant = Vagrant(tale, work)
    try:
        live(tale, vagrant, work)
        must(not libvirtd.left(), f"left in libvirt: {libvirtd.left()}")
    except Unproved as error:
        if hold:
            print(f"{error}\nheld: nsenter -nmp -t $(pgrep libvirtd) leads there; "
                  f"touch {work}/release ends it", flush=True)  # fmt: skip
            while not (work / "release").exists():
                time.sleep(1)
        raise
    finally:
        libvirtd.stop()
    return tale.seconds


def live(tale: Tale, vagrant: Vagrant, work: Path) -> None:
    with tale.stage("box added"):
        vagrant.run("box", "add", "--name", box.NAME, str(work / "nslab.box"))
    with tale.stage("up, interrupted"):
        interrupted(tale, vagrant)
    with tale.stage("provision, to its end"):
        told = vagrant.run("provision")
        for number in range(1, 6):
            must(f"[{number}/5] " in told, f"no line about stage {number}")
        must(len(told.splitlines()) < 40, "it is not quiet")
        token = serves(tale, told)
    with tale.stage("checks in the machine"):
        look_inside(vagrant)
    for pattern in NOTEBOOKS:
        with tale.stage(f"notebook {pattern[:2]}"):
            notebooks(vagrant, pattern)
    with tale.stage("provision again"):
        vagrant.ssh("cd ~/nslab-notebooks; echo mine > mine.txt; echo {} > 11-free-play.ipynb")
        began = "systemctl show -P ActiveEnterTimestampMonotonic nslab"
        since = vagrant.ssh(began)
        serves(tale, vagrant.run("provision"), before=token)
        must(vagrant.ssh(began) == since, "JupyterLab was restarted though nothing had changed")
        mine = vagrant.ssh("cat ~/nslab-notebooks/mine.txt ~/nslab-notebooks/11-free-play.ipynb")
        must(mine == "mine\n{}\n", "the learner's own files were changed")
        tale.ok("nothing was restarted, and the learner's own files stay")
        vagrant.ssh("rm ~/nslab-notebooks/11-free-play.ipynb")
    with tale.stage("reload"):
        # What is no notebook must not keep JupyterLab from starting.
        vagrant.ssh("touch ~/nslab-notebooks/empty.ipynb")
        serves(tale, vagrant.run("reload"), before=token)
        vagrant.ssh("cd ~/nslab-notebooks && ls 11-free-play.ipynb && rm empty.ipynb")
        trusted(vagrant)
        tale.ok("a lesson that was removed has come back fresh")
    with tale.stage("halt and up, with the port taken"):
        vagrant.run("halt")
        with socket.create_server(("127.0.0.1", PORT)) as taken:
            threading.Thread(target=refuse, args=(taken,), daemon=True).start()
            told = vagrant.run("up", "--provider=libvirt")
            must("NSLAB_VM_PORT" in told, "it does not say that the port is taken")
            tale.ok("it says that the port is taken, and what to set")
    with tale.stage("halt and up, on another port"):
        vagrant.run("halt")
        told = vagrant.run("up", "--provider=libvirt", NSLAB_VM_PORT=str(OTHER_PORT))
        serves(tale, told, port=OTHER_PORT, before=token)
    with tale.stage("destroy"):
        told = vagrant.run("destroy", "--force")
        must("nslab-notebooks goes with it" in told, "it does not say what is lost")
        vagrant.run("box", "remove", "--force", box.NAME)


def refuse(listener: socket.socket) -> None:
    """Some other program: answers everybody that there is nothing here."""
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n")


def interrupted(tale: Tale, vagrant: Vagrant) -> None:
    """``vagrant up`` whose provisioning is killed in the middle of unpacking packages."""

    def kill() -> None:
        log = next(tale.logs.glob("*-up-provider-libvirt.log"))
        deadline = time.monotonic() + 900
        while "[2/5]" not in log.read_text(errors="replace"):
            if time.monotonic() > deadline:
                return
            time.sleep(0.5)
        vagrant.ssh("until pgrep -x dpkg; do sleep 0.2; done; sleep 5; "
                    "sudo pkill -KILL -x apt-get; sudo pkill -KILL -x dpkg")  # fmt: skip

    told = vagrant.run("up", "--provider=libvirt", fails=True, during=kill)
    must("It failed at: system packages" in told, "it does not say where it failed")
    must("vagrant provision" in told, "it does not say how to go on")
    tale.ok("it says at what it failed, and how to go on")


def look_inside(vagrant: Vagrant) -> None:
    tale = vagrant.tale
    trusted(vagrant)
    must("uid=0" in vagrant.ssh("sudo -n id"), "no root")
    tale.ok("root by sudo")
    vagrant.ssh("nslab doctor")
    tale.ok("nslab doctor: labs can run")
    vagrant.ssh("sudo nslab doctor")
    told = vagrant.ssh("docker info -f '{{.ServerVersion}} {{.Driver}}'")
    tale.ok(f"docker info, as the learner: {told.strip()}")
    must("eth1" in vagrant.ssh(SECOND_CARD), "a real container got no second card")
    tale.ok("the article's lines give a container of the machine's own Docker a second card")
    lan = vagrant.ssh("ip -o -4 addr show eth1")
    must("192.168.56.17/24" in lan, f"the LAN's card: {lan}")
    pinged = subprocess.run(["ping", "-c1", "-W20", "192.168.56.17"], capture_output=True,
                            check=False)  # fmt: skip
    must(pinged.returncode == 0, "the machine does not answer on the LAN")
    tale.ok("eth1 is on the LAN, and this side reaches it")
    free = vagrant.ssh("free -m | awk 'NR == 2 { print $2, $7 }'").split()
    tale.ok(f"memory: {free[1]} of {free[0]} MB are available with JupyterLab and Docker running")


# -- from outside ------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="keep the box and the logs in this folder")
    parser.add_argument("--hold", action="store_true", help="what fails is kept, to look at it")
    parser.add_argument("--if-changed", action="store_true", help="only if it was not proved yet")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        return told(lambda: (asked.work / "seconds.json").write_text(
            json.dumps(inside(asked.work, asked.hold))))  # fmt: skip
    last = recorded()
    if asked.if_changed and last.get("fingerprint") == fingerprint():
        print(f"the Vagrantfile and the provisioning are those that were proved on {last['date']}, "
              f"in {last['in all']}; NSLAB_VAGRANT_PROOF=1 proves them again")  # fmt: skip
        return 0
    return whole(asked.work, asked.hold)


def whole(kept: Path | None, hold: bool) -> int:
    """Build the box if there is none, prove, record; leave nothing but the logs of a failure."""
    work = kept or Path(tempfile.mkdtemp(prefix="nslab-vagrant-", dir="/var/tmp"))
    work = work.absolute()
    tale = Tale(work)
    before, what, code = outside(), fingerprint(), 1

    def build() -> None:
        if not (work / "nslab.box").exists():
            with tale.stage("build the box"):
                box.build(work, tale.run)

    try:
        code = told(build)
        if code == 0:
            inner = [__file__, "--inside", "--work", str(work), *["--hold"] * hold]
            code = den.enter(inner)
        if code == 0:
            record(what, tale.seconds | json.loads((work / "seconds.json").read_text()))
    finally:
        cleared(work, keep=kept is not None, failed=code != 0)
    left = outside() - before
    if left:
        print(f"left on this machine: {', '.join(sorted(left))}", file=sys.stderr)
        return 1
    if code == 0:
        print(f"proved: {recorded()['in all']}; commit {RECORD.relative_to(ROOT)}")
    return code


def told(work: Callable[[], object]) -> int:
    try:
        work()
    except Unproved as error:
        print(f"NOT PROVED: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


def outside() -> set[str]:
    """What libvirt or Vagrant might leave behind, of which nothing may be new afterwards."""
    links = {f"link {path.name}" for path in Path("/sys/class/net").glob("v[in]*")}
    files = [*ROOT.glob(".vagrant*"), *Path("/run").glob("libvirt*"),
             *Path("/etc/libvirt").rglob("*"), *Path("/var/lib/libvirt").rglob("*")]  # fmt: skip
    return links | {str(path) for path in files}


def cleared(work: Path, *, keep: bool, failed: bool) -> None:
    for path in work.iterdir() if not keep else [work / "vagrant-home", work / "dotfile",
                                                 work / "libvirt", work / "home"]:  # fmt: skip
        if failed and path.name in ("logs", "vagrant"):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    if failed:
        print(f"the logs are in {work}/logs and {work}/vagrant/logs", file=sys.stderr)
    elif not keep:
        work.rmdir()


if __name__ == "__main__":
    sys.exit(main())
