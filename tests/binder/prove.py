"""Proves binder/: builds as the generated Dockerfile says, and runs the result as Binder does.

Run it through tests/binder/prove, which installs what it needs.  The root file system is a Debian
made by debootstrap, which calls itself Ubuntu; each instruction of the Dockerfile is carried out in
it, but for Conda's environment, whose place a virtual environment with the same versions takes.
Then it runs as in a pod: uid 1000, no new privileges, no namespaces, no /dev/kvm, 1 GiB of memory,
and no network at all.

What it cannot prove: Ubuntu's own packages, and mybinder.org itself.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import dockerfile
import memory
import websocket
from confine import confined

from nslab.engine.vm import qemu

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).with_name("proved.txt")
INPUTS = (
    "binder",
    "tests/binder",
    "requirements/binder.txt",
    "nslab/engine/vm",
    "nslab/engine/agent",
    "nslab/cli/vm.py",
    "nslab/cli/jupyterlab",
)
LESSONS = ("02", "03", "04", "05")
LEFT_BEHIND = (".git", ".venv*", ".*_cache", "__pycache__", ".ipynb_checkpoints", ".vagrant*")
"""What is no part of a fresh clone."""

PORT, TOKEN = 8888, "proof"
NETWORK = (
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "PIP_INDEX_URL",
    "PIP_DEFAULT_TIMEOUT",
    "NSLAB_DEBIAN_MIRROR",
)
"""How this machine reaches packages, if it says so: passed on to the build."""

BASE = (
    "jupyterlab",
    "notebook",
    "jupyterhub",
    "jupyter-offlinenotebook",
    "jupyter-resource-usage",
    "ipywidgets",
    "jupyter-server",
)
"""What repo2docker's environment.yml asks for, by its names on PyPI."""

ACTIVATE = 'export PATH="${NB_PYTHON_PREFIX}/bin:$PATH"\n'
# Many programs, each at addresses of its own, so that QEMU translates each anew.
BUSY = """\
for _ in range(4):
    lab.sh("for i in 1 2 3 4 5; do ip -d link; nft list ruleset; brctl show; iptables -t nat -L; "
           "done > /dev/null; python3 -c 'import json, http.client, decimal'; curl -s 203.0.113.80")
"""
UBUNTU = 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\n'
SOURCES = """\
deb {0}/debian bookworm main
deb {0}/debian bookworm-updates main
deb {0}/debian-security bookworm-security main
"""
# As in the images of Debian and Ubuntu that Docker has.
APT = """\
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";
Acquire::GzipIndexes "true"; Acquire::Languages "none";
"""


class Unproved(Exception):
    """Something was not as it must be; the message says what."""


def must(holds: object, what: str) -> None:
    if not holds:
        raise Unproved(what)


def ok(what: str) -> None:
    print(f"   ✔ {what}", flush=True)


# -- what was proved ---------------------------------------------------------------------------


def fingerprint() -> str:
    """Changes when binder/, the virtual machine or this proof does."""
    digest = hashlib.sha256()
    for name in INPUTS:
        path = ROOT / name
        for one in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if one.is_file() and one != RECORD and "__pycache__" not in one.parts:
                digest.update(f"{one.relative_to(ROOT)}\n".encode() + one.read_bytes())
    return digest.hexdigest()


def recorded() -> dict[str, str]:
    """The last green proof: its fingerprint, date, durations and memory; empty if there is none."""
    if not RECORD.exists():
        return {}
    return dict(re.findall(r"^([^#\n:]+): (.*)$", RECORD.read_text(), re.MULTILINE))


def record(what: str, figures: dict[str, str], seconds: dict[str, float]) -> None:
    """Write down that this fingerprint was proved."""
    lines = ["# The last green run of tests/binder/prove, which writes this file: commit it."]
    lines += [f"fingerprint: {what}", f"date: {datetime.date.today()}"]
    lines += [f"{name}: {value:.0f} s" for name, value in seconds.items()]
    lines += [f"in all: {sum(seconds.values()):.0f} s"]
    lines += [f"{name}: {value}" for name, value in figures.items()]
    RECORD.write_text("\n".join(lines) + "\n")


class Tale:
    """Says what is done, keeps how long it took, and what commands print in one log."""

    def __init__(self, work: Path, log: str) -> None:
        self.seconds: dict[str, float] = {}
        self.figures: dict[str, str] = {}
        self.log = work / log

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        print(f"== {name}", flush=True)
        started = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - started
        print(f"   {self.seconds[name]:.0f} s", flush=True)

    def run(self, *command: object, **settings: object) -> None:
        words = [str(word) for word in command]
        with self.log.open("ab") as out:
            out.write(f"\n$ {' '.join(words)}\n".encode())
            out.flush()
            begin = out.tell()
            code = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                check=False,
                **settings,  # type: ignore[call-overload]
            ).returncode
        if code:
            said = self.log.read_bytes()[begin:].decode(errors="replace")
            raise Unproved(f"{' '.join(words)[:300]} ended with {code}:\n{said[-3000:]}")


# -- build -------------------------------------------------------------------------------------


class Image:
    """A root file system, and a Dockerfile that is carried out in it."""

    def __init__(self, work: Path, tale: Tale) -> None:
        self.work, self.root, self.tale = work, work / "root", tale
        self.source = work / "source"

    def base(self) -> None:
        """The least Debian that will do, and what stands for Conda's Python."""
        mirror = os.environ.get("NSLAB_DEBIAN_MIRROR", "http://deb.debian.org").rstrip("/")
        if not (self.root / "usr/bin/apt-get").exists():
            self.tale.run(
                "debootstrap",
                "--variant=minbase",
                "--include=ca-certificates,python3-venv",
                "bookworm",
                self.root,
                f"{mirror}/debian",
            )
        etc = self.root / "etc"
        (etc / "apt/sources.list").write_text(SOURCES.format(mirror))
        (etc / "apt/apt.conf.d/docker").write_text(APT)
        # A machine behind a proxy has its keys and its names.
        for name in ("resolv.conf", "hosts", "ssl/certs/ca-certificates.crt"):
            shutil.copyfile(f"/etc/{name}", etc / name)
        (etc / "os-release").unlink()
        (etc / "os-release").write_text(UBUNTU)

    def furnish(self) -> None:
        """What a container has in /dev, /proc and /sys; all of it ends with this process."""
        tmpfs = ("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs")
        dev = self.root / "dev"
        self.tale.run(*tmpfs, dev)
        for name in ("null", "zero", "full", "random", "urandom", "tty"):
            node = os.stat(f"/dev/{name}")
            os.mknod(dev / name, node.st_mode, node.st_rdev)
            os.chmod(dev / name, 0o666)
        for name, target in (("fd", "/proc/self/fd"), ("ptmx", "pts/ptmx")):
            (dev / name).symlink_to(target)
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            (dev / name).symlink_to(f"/proc/self/fd/{number}")
        (dev / "pts").mkdir()
        (dev / "shm").mkdir()
        self.tale.run(
            "mount", "-t", "devpts", "-o", "newinstance,ptmxmode=666", "devpts", dev / "pts"
        )
        self.tale.run("mount", "-t", "tmpfs", "-o", "size=64m,mode=1777", "shm", dev / "shm")
        self.tale.run("mount", "-t", "proc", "proc", self.root / "proc")
        self.tale.run("mount", "-t", "sysfs", "-o", "ro", "sysfs", self.root / "sys")

    def carry_out(self, step: dockerfile.Step) -> None:
        """One instruction, as docker build does it."""
        if step.word == "RUN" and "install-base-env.bash" in step.text:
            with self.tale.stage("the base's Python packages"):
                self.conda(step)
        elif step.word == "RUN":
            title = next((name for part, name in TITLES.items() if part in step.text), "")
            with self.tale.stage(title) if title else contextlib.nullcontext():
                self.inside(step, step.text)
        elif step.word == "COPY":
            self.copy(step)
        elif step.word == "WORKDIR":
            (self.root / step.directory.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def inside(self, step: dockerfile.Step, line: str) -> None:
        uid = 0 if step.user == "root" else dockerfile.UID
        network = {name: os.environ[name] for name in NETWORK if name in os.environ}
        self.tale.run(
            "/bin/sh",
            "-c",
            line,
            env={"PIP_NO_INPUT": "1", **network, **step.env},
            preexec_fn=confined(self.root, uid, step.directory, None),
        )

    def conda(self, step: dockerfile.Step) -> None:
        """In place of Conda's environment one of venv's, with the versions of Conda's lock."""
        name = re.compile(r"/([A-Za-z0-9][A-Za-z0-9_.-]*)-(\d[^-/]*)-[^-/]+\.(?:conda|tar\.bz2)#")
        versions = dict(name.findall(dockerfile.LOCK.read_text()))
        versions["jupyterhub"] = versions["jupyterhub-base"]
        known = "".join(f"{key}=={value}\n" for key, value in versions.items())
        (self.root / "tmp/base.txt").write_text(known)
        self.inside(
            step,
            "python3 -m venv ${NB_PYTHON_PREFIX} && ${NB_PYTHON_PREFIX}/bin/pip "
            f"install -q --no-cache-dir -c /tmp/base.txt {' '.join(BASE)} && "
            "chown -R ${NB_USER}:${NB_USER} ${CONDA_DIR}",
        )

    def copy(self, step: dockerfile.Step) -> None:
        options, words = [], []
        for word in step.text.split():
            (options if word.startswith("--") else words).append(word)
        source, target = words
        if source.startswith("build_script_files/"):  # Conda's
            return
        there = self.root / target.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        if source.startswith("src/"):
            inner = self.source / source.removeprefix("src/")
            if inner.is_dir():
                shutil.copytree(inner, there, dirs_exist_ok=True, symlinks=True)
            else:
                shutil.copy2(inner, there)
        else:
            shutil.copyfile(dockerfile.PACKAGE / "buildpacks" / source.lstrip("/"), there)
            there.chmod(0o755)
        for option in options:
            if option.startswith("--chown="):
                self.tale.run("chown", "-R", option.removeprefix("--chown="), there)

    def as_layers(self) -> None:
        """What layers do to files: times lose their fractions, and holes are filled."""
        home = self.root / f"home/{dockerfile.USER}"
        for path in [*home.rglob("*"), *(self.root / "usr/bin").glob("qemu-*")]:
            status = path.lstat()
            times = (status.st_atime_ns // 10**9 * 10**9, status.st_mtime_ns // 10**9 * 10**9)
            os.utime(path, ns=times, follow_symlinks=False)
        for path in home.glob(".cache/nslab/vm/states/*/memory"):
            solid = path.with_name("solid")
            self.tale.run("cp", "--preserve=all", "--sparse=never", path, solid)
            solid.rename(path)


TITLES = {
    "qemu-system-x86": "apt.txt",
    "binder/requirements.txt": "requirements.txt",
    "./binder/postBuild": "postBuild",
}


def build(work: Path, tale: Tale) -> Image:
    image = Image(work, tale)
    shutil.copytree(
        ROOT,
        image.source,
        symlinks=True,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns(*LEFT_BEHIND, "welcome.ipynb"),
    )
    text = dockerfile.generated(image.source)
    (work / "Dockerfile").write_text(text)
    with tale.stage("debootstrap"):
        image.base()
    image.furnish()
    tell = {"NB_USER": dockerfile.USER, "NB_UID": str(dockerfile.UID)}
    for step in dockerfile.steps(text, tell):
        image.carry_out(step)
        if step.word == "ENV":
            (image.root / "etc/profile.d").mkdir(exist_ok=True)
            (image.root / "etc/profile.d/activate-conda.sh").write_text(ACTIVATE)
    with tale.stage("checks of the image"):
        check_image(image, dockerfile.steps(text, tell)[-1])
    return image


def check_image(image: Image, last: dockerfile.Step) -> None:
    image.inside(last, "pip check")
    ok("all Python packages agree, those of the base and ours")
    cache = image.root / f"home/{dockerfile.USER}/.cache"
    must(not (cache / "nslab/vm/apt").exists(), "the downloaded packages are still there")
    must(not (cache / "pip").exists(), "pip's cache is still there")
    image.as_layers()
    sizes = subprocess.run(
        ["du", "-sxm", "--exclude=proc", image.root, cache / "nslab"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    whole = int(sizes.split()[0])
    state = subprocess.run(
        ["du", "-sxm", cache / "nslab"], capture_output=True, text=True, check=True
    ).stdout.split()[0]
    image.tale.figures["image"] = f"{whole} MB, of which {state} MB are the virtual machine"
    ok(f"the image takes {image.tale.figures['image']}")


# -- run ---------------------------------------------------------------------------------------


class Pod:
    """What Binder starts from the image: its processes, which end with it."""

    def __init__(self, image: Image, group: memory.Group | None, tale: Tale) -> None:
        self.image, self.group, self.tale = image, group, tale
        text = (image.work / "Dockerfile").read_text()
        shown = {"NB_USER": dockerfile.USER, "NB_UID": str(dockerfile.UID)}
        steps = dockerfile.steps(text, shown)
        self.step = steps[-1]
        (entry,) = (step.text for step in steps if step.word == "ENTRYPOINT")
        self.entrypoint: list[str] = json.loads(entry)
        self.command: list[str] = json.loads(self.step.text)
        must(self.step.word == "CMD" and self.step.user == dockerfile.USER, "no CMD for the user")
        # Without Docker's build arguments, which are no part of the image.
        self.env = {
            key: value for key, value in self.step.env.items() if key not in ("NB_USER", "NB_UID")
        }

    def start(self, *command: str, log: Path, **env: str) -> subprocess.Popen[bytes]:
        with log.open("wb") as out:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**self.env, **env},
                preexec_fn=confined(
                    self.image.root,
                    dockerfile.UID,
                    self.step.directory,
                    self.group.path if self.group else None,
                ),
            )

    def run(self, *command: str, fails: bool = False, **env: str) -> str:
        """A program in the pod, beside Jupyter; what it said."""
        log = self.image.work / "said"
        code = self.start(*command, log=log, **env).wait()
        said = log.read_text(errors="replace")
        with self.tale.log.open("a") as out:
            out.write(f"\n$ {' '.join(command)}\n{said}\n")
        must(bool(code) == fails, f"{' '.join(command)} ended with {code}:\n{said[-4000:]}")
        return said

    def entered(self, *command: str, **env: str) -> str:
        """The same by the image's entrypoint, and so by binder/start."""
        return self.run(*self.entrypoint, *command, **env)


def check_walls(pod: Pod) -> None:
    """That the pod is as narrow as it is meant to be."""
    status = pod.run("/bin/cat", "/proc/self/status")
    for line in (
        "Uid:\t1000\t1000\t1000\t1000",
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
    ):
        must(line in status, f"not so in the pod: {line}")
    said = pod.run("/usr/bin/unshare", "-U", "true", fails=True)
    must("Operation not permitted" in said, f"unshare: {said}")
    must(not (pod.image.root / "dev/kvm").exists(), "there is /dev/kvm")
    ok("uid 1000, no capability, no new privileges, no namespaces, no /dev/kvm, no network")


def serve(pod: Pod) -> subprocess.Popen[bytes]:
    """Start Jupyter as BinderHub does, and wait until it answers."""
    begun = time.monotonic()
    log = pod.image.work / "server.log"
    server = pod.start(
        *pod.entrypoint,
        *pod.command,
        f"--port={PORT}",
        f"--IdentityProvider.token={TOKEN}",
        log=log,
    )
    while True:
        with contextlib.suppress(OSError):
            get("/api/status")
            break
        must(
            server.poll() is None and time.monotonic() - begun < 180,
            f"Jupyter does not answer:\n{log.read_text()[-3000:]}",
        )
        time.sleep(0.2)
    took = time.monotonic() - begun
    pod.tale.figures["from entrypoint to Jupyter's answer"] = f"{took:.1f} s"
    must("nslab: labs live in: vm" in log.read_text(), f"start chose otherwise: {log.read_text()}")
    ok(f"start chose the virtual machine; Jupyter answers after {took:.1f} s")
    return server


def get(path: str, method: str = "GET") -> str:
    asked = urllib.request.Request(
        f"http://127.0.0.1:{PORT}{path}", method=method, headers={"Authorization": f"token {TOKEN}"}
    )
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return str(answer.read().decode())


def check_pages() -> None:
    page = get(f"/lab/tree/welcome.ipynb?token={TOKEN}")
    must("<title>JupyterLab</title>" in page, "no JupyterLab page")
    must("<title>" in get("/tree"), "no page of Notebook's")
    settings = json.loads(get("/lab/api/settings/@jupyterlab/apputils-extension:notification"))
    must(settings["schema"]["properties"]["fetchNews"]["default"] == "false", "it asks for news")
    welcome = json.loads(get("/api/contents/welcome.ipynb"))["content"]["cells"]
    must("virtual machine" in str(welcome[0]["source"]), f"the welcome: {welcome}")
    for entry in json.loads(get("/api/contents/notebooks"))["content"]:
        if entry["type"] == "notebook":
            lesson = json.loads(get(f"/api/contents/notebooks/{entry['name']}"))
            must(lesson["writable"], f"{entry['name']} cannot be saved")
            code = (c for c in lesson["content"]["cells"] if c["cell_type"] == "code")
            trusted = all(cell["metadata"].get("trusted") for cell in code)
            must(trusted, f"{entry['name']} is not trusted")
    ok("JupyterLab and Notebook answer, the welcome says what there is, all lessons are trusted")


class Kernel:
    """A notebook's kernel, by the server's own interface."""

    def __init__(self) -> None:
        self.id = json.loads(get("/api/kernels", "POST"))["id"]
        self.line = websocket.create_connection(
            f"ws://127.0.0.1:{PORT}/api/kernels/{self.id}/channels?token={TOKEN}", timeout=120
        )

    def run(self, code: str) -> str:
        """What a cell prints.

        :raises Unproved: it ends with an error
        """
        header = {
            "msg_id": os.urandom(8).hex(),
            "msg_type": "execute_request",
            "version": "5.3",
            "username": "",
            "session": "proof",
        }
        content = {
            "code": code,
            "silent": False,
            "store_history": False,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        self.line.send(
            json.dumps(
                {
                    "header": header,
                    "parent_header": {},
                    "metadata": {},
                    "content": content,
                    "channel": "shell",
                }
            )
        )
        said = ""
        while True:
            message = json.loads(self.line.recv())
            if message["parent_header"].get("msg_id") != header["msg_id"]:
                continue
            inner = message["content"]
            if message["msg_type"] == "stream":
                said += inner["text"]
            elif message["msg_type"] == "error":
                raise Unproved("\n".join(inner["traceback"]))
            elif message["msg_type"] == "execute_reply":
                return said

    def close(self) -> None:
        self.line.close()
        get(f"/api/kernels/{self.id}", "DELETE")


def measure(pod: Pod) -> None:
    """What JupyterLab, kernels and labs take."""

    def weigh(what: str) -> list[tuple[str, int, int]]:
        parts = memory.shares(pod.group.members() if pod.group else within(os.getpid()))
        total = sum(pss for _, _, pss in parts)
        details = ", ".join(
            f"{name} {rss >> 20}/{pss >> 20}"
            for name, rss, pss in sorted(parts, key=lambda part: -part[2])
            if rss >> 20 >= 4
        )
        pod.tale.figures[what] = f"{total >> 20} MiB (RSS/PSS in MiB: {details})"
        ok(f"{what}: {pod.tale.figures[what]}")
        must(total < memory.LIMIT, f"{what} takes more than 1 GiB")
        return parts

    weigh("memory of Jupyter alone")
    worst = (qemu.MEMORY + qemu.TRANSLATED + 64) << 20
    kernels = []
    for number in ("one", "two"):
        kernels.append(Kernel())
        begun = time.monotonic()
        where = kernels[-1].run(
            "import os\nfrom nslab import lesson\nlab = lesson('05-way-out').lab()\n"
            "uname = lab.sh('uname -r')\nprint(os.environ['NSLAB_ENGINE'])\nlab"
        )
        pod.tale.figures[f"lab {number} in its notebook"] = f"{time.monotonic() - begun:.1f} s"
        must(re.fullmatch(r"\S+-cloud-amd64\nvm\n", where), f"the lab lives elsewhere: {where}")
        weigh(f"memory with {number} kernel{'s' * (number != 'one')} and lab in each")
    for kernel in kernels:
        kernel.run(BUSY)
    parts = weigh("memory after both labs were busy")
    machines = [rss for name, rss, _ in parts if name.startswith("qemu")]
    must(len(machines) == 2, f"not two machines, but {len(machines)}")
    must(max(machines) < worst, f"a machine takes more than {worst >> 20} MiB")
    for kernel in kernels:
        kernel.close()


def within(pid: int) -> list[int]:
    """All descendants of a process."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in map(int, (task / "children").read_text().split()):
            found += [child, *within(child)]
    return found


def lessons(pod: Pod) -> None:
    """Every output of the lessons against the saved ones, by the engine that start chose."""
    python = f"{pod.env['NB_PYTHON_PREFIX']}/bin/python"
    for number in LESSONS:
        (name,) = (path.name for path in (ROOT / "notebooks").glob(f"{number}-*.ipynb"))
        with pod.tale.stage(f"notebook {number}"):
            said = pod.entered(
                python,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "--nbval",
                "--nbval-current-env",
                "--nbval-sanitize-with",
                "tests/nbval.cfg",
                f"notebooks/{name}",
                PYTHONPATH="/srv/runner",
                NSLAB_QUICK="1",
                LANG="C.UTF-8",
            )
            must("nslab: labs live in: vm" in said, f"start chose otherwise: {said}")
            counted = re.search(r"\d+ passed.* in [0-9.]+s", said)
            must(counted and "skipped" not in counted[0], f"not all passed: {said[-2000:]}")
            ok(f"{name}: all outputs as saved: {counted[0] if counted else ''}")


def nowhere(pod: Pod) -> None:
    """Without QEMU too: Jupyter is started all the same, and the page says what was tried."""
    said = pod.entered("sh", "-c", "echo engine=$NSLAB_ENGINE.", NSLAB_QEMU="no-such-qemu")
    must("engine=." in said, f"start chose an engine: {said}")
    page = (pod.image.root / f"home/{dockerfile.USER}/welcome.ipynb").read_text()
    for words in ("No lab can run here", "no-such-qemu", "local: ", "vm: "):
        must(words in page, f"the page does not say: {words}")
    ok("where nothing works, the page says so, and why")


def run(image: Image, tale: Tale) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    try:
        group: memory.Group | None = memory.Group(image.work.name)
        tale.figures["memory limit"] = "1 GiB, by a control group"
    except OSError as error:
        group = None
        tale.figures["memory limit"] = f"none ({error}): measured only"
    ok(f"memory limit: {tale.figures['memory limit']}")
    pod = Pod(image, group, tale)
    server = None
    try:
        with tale.stage("start"):
            check_walls(pod)
            server = serve(pod)
            check_pages()
        with tale.stage("labs, and their memory"):
            measure(pod)
        lessons(pod)
        with tale.stage("a place where nothing works"):
            nowhere(pod)
        if group:
            tale.figures["memory at most, Jupyter and a lesson under nbval"] = (
                f"{group.peak >> 20} MiB"
            )
            must(group.killed() == 0, "something was killed because there was no memory")
            ok(f"at most {group.peak >> 20} MiB were in use, and nothing was killed")
    finally:
        if server:
            server.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(timeout=30)
        # Here are no others than those of the pod.
        for pid in within(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        while True:
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                break
        if group:
            group.close()


# -- from outside ------------------------------------------------------------------------------


def inner(part: str, work: Path) -> int:
    """What happens in namespaces of its own: the build with a network, the rest without."""
    tale = Tale(work, f"{part}.log")

    def act() -> None:
        if part == "build":
            build(work, tale)
            with tale.stage("nbval for the proof"):
                runner(work, tale)
        else:
            image = Image(work, tale)
            image.furnish()
            run(image, tale)

    code = shown(act)
    (work / f"{part}.json").write_text(json.dumps([tale.figures, tale.seconds]))
    return code


def runner(work: Path, tale: Tale) -> None:
    """pytest and nbval beside the image's own packages, in the versions of the tests."""
    lock = (ROOT / "requirements/test.txt").read_text()
    names = ("pytest", "nbval", "iniconfig", "pluggy", "coverage")
    wanted = [re.search(rf"^{name}==\S+", lock, re.MULTILINE)[0] for name in names]  # type: ignore[index]
    tale.run(
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-compile",
        "--target",
        work / "root/srv/runner",
        *wanted,
    )


def shown(work: object) -> int:
    try:
        work()  # type: ignore[operator]
    except (Unproved, RuntimeError) as error:
        print(f"NOT PROVED: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


def enter(part: str, work: Path) -> int:
    """Run this program again in namespaces that end with it, and all that was started there."""
    network = ["--net"] if part == "run" else []
    started = subprocess.Popen(
        [
            "unshare",
            *network,
            "--mount",
            "--pid",
            "--ipc",
            "--uts",
            "--propagation",
            "private",
            "--fork",
            "--kill-child",
            "--mount-proc",
            sys.executable,
            __file__,
            "--part",
            part,
            "--work",
            str(work),
        ]
    )
    try:
        return started.wait()
    finally:
        if started.poll() is None:
            started.kill()
            started.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="keep the root file system and the logs there")
    parser.add_argument("--if-changed", action="store_true", help="only if it was not proved yet")
    parser.add_argument("--part", choices=("build", "run"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.part:
        return inner(asked.part, asked.work)
    last = recorded()
    if asked.if_changed and last.get("fingerprint") == fingerprint():
        print(
            f"binder/ and the virtual machine are those that were proved on {last['date']}, in "
            f"{last['in all']}; NSLAB_BINDER_PROOF=1 proves them again"
        )
        return 0
    return whole(asked.work)


def whole(kept: Path | None) -> int:
    """Build, unless it is built already in a folder that is kept, run, and record."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    work = kept or Path(tempfile.mkdtemp(prefix="nslab-binder-", dir="/var/tmp"))
    work = work.absolute()
    work.mkdir(exist_ok=True)
    what, code = fingerprint(), 1
    try:
        if not (work / "build.json").exists():
            code = enter("build", work)
            if code:
                (work / "build.json").unlink(missing_ok=True)
                return code
        code = enter("run", work)
        if code == 0:
            parts = [json.loads((work / f"{part}.json").read_text()) for part in ("build", "run")]
            figures, seconds = ({**parts[0][n], **parts[1][n]} for n in (0, 1))
            record(what, figures, seconds)
            print(f"proved: {recorded()['in all']}; commit {RECORD.relative_to(ROOT)}")
    finally:
        if code:
            for log in work.glob("*.log"):
                print(
                    f"-- the end of {log.name}\n{log.read_text(errors='replace')[-2000:]}",
                    file=sys.stderr,
                )
        memory.remove(work.name)
        if kept is None:
            shutil.rmtree(work)
    return code


if __name__ == "__main__":
    sys.exit(main())
