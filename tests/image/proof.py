"""Proves deploy/image: builds it with a real engine, and runs it as Kubernetes' pods are run.

Run it through tests/image/prove, which installs what it needs.  The base that the Dockerfile names
cannot be pulled where the tests run; a Debian of the same release, made by debootstrap, takes its
place.  Then runc carries out what the pods of deploy/kubernetes ask for (:mod:`oci`): once with
namespaces, once where they are refused and labs live in virtual machines.  The options of ``docker
run`` that ``nslab doctor`` names are tried with the engine.

What it cannot prove: a real kubelet, AppArmor, volumes.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import oci
import pods
from daemon import Engine
from prove import APT, SOURCES, Tale, Unproved, must, ok

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).with_name("proved.txt")
INPUTS = (
    ".dockerignore",
    "deploy/hub/nslab_hub/lessons.py",
    "deploy/image",
    "deploy/kubernetes/profiles",
    "deploy/kubernetes/values",
    "nslab/engine/agent/boot",
    "nslab/engine/refusal",
    "nslab/engine/vm",
    "requirements/image.txt",
    "requirements/sbom.txt",
    "tests/image",
    "tests/pods.py",
)
LOCK = ROOT / "requirements/image.txt"
LESSONS = ("05", "08", "12")
RUNNER = ("pytest", "nbval", "iniconfig", "pluggy", "coverage")
"""What runs notebooks as tests, and is not in the image."""

DOCKER_PART = "docker.start("
"""Where notebook 08 goes on to a real engine, which the virtual machine has not."""

PLAIN_LAB = (
    "from nslab import Lab, lesson; lab = lesson('05-way-out').lab(done=True, engine='local'); "
    "print(lab.run('ping', '-c1', '-W5', '203.0.113.80', ns='ns1').stdout)"
)

SPEED = "path-exclude /usr/share/doc/*\npath-include /usr/share/doc/*/copyright\nforce-unsafe-io\n"
"""dpkg's settings in Docker's own slim images of Debian: no documentation, no waiting for disks."""


# -- what was proved ---------------------------------------------------------------------------


def fingerprint() -> str:
    """Changes when the image, the pods or this proof do."""
    digest = hashlib.sha256()
    for name in INPUTS:
        path = ROOT / name
        for one in sorted(path.rglob("*")) if path.is_dir() else [path]:
            # Words change nothing of it.
            if one.is_file() and one != RECORD and one.suffix not in (".md", ".pyc"):
                digest.update(f"{one.relative_to(ROOT)}\n".encode() + one.read_bytes())
    return digest.hexdigest()


def recorded() -> dict[str, str]:
    """The last green proof; empty if there is none."""
    text = RECORD.read_text() if RECORD.exists() else ""
    return dict(re.findall(r"^([^#\n:]+): (.*)$", text, re.MULTILINE))


def record(what: str, tale: Tale) -> None:
    lines = ["# The last green run of tests/image/prove, which writes this file: commit it."]
    lines += [f"fingerprint: {what}", f"date: {datetime.date.today()}"]
    lines += [f"{name}: {value:.0f} s" for name, value in tale.seconds.items()]
    lines += [f"in all: {sum(tale.seconds.values()):.0f} s"]
    lines += [f"{name}: {value}" for name, value in tale.figures.items()]
    RECORD.write_text("\n".join(lines) + "\n")


# -- build -------------------------------------------------------------------------------------


def base(work: Path, tale: Tale) -> Path:
    """What stands for the base that the Dockerfile names."""
    there = work / "base"
    mirror = os.environ.get("NSLAB_DEBIAN_MIRROR", "http://deb.debian.org").rstrip("/")
    if not (there / "usr/bin/apt-get").exists():
        (there / "etc/dpkg/dpkg.cfg.d").mkdir(parents=True)
        (there / "etc/dpkg/dpkg.cfg.d/docker").write_text(SPEED)
        tale.run(
            *("debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm"),
            *(there, f"{mirror}/debian"),
        )
    etc = there / "etc"
    (etc / "apt/sources.list").write_text(SOURCES.format(mirror))
    (etc / "apt/apt.conf.d/docker").write_text(APT)
    # A machine behind a proxy has its keys; they stay when the package of keys is upgraded.
    keys = Path("/etc/ssl/certs/ca-certificates.crt")
    shutil.copyfile(keys, there / keys.relative_to("/"))
    shutil.copyfile(keys, there / "usr/local/share/ca-certificates/machine.crt")
    (etc / "pip.conf").write_text(f"[global]\ncert = {keys}\n")
    return there


def build(engine: Engine, there: Path) -> None:
    with subprocess.Popen(["tar", "-C", there, "-c", "."], stdout=subprocess.PIPE) as packed:
        engine.ask("import", "-", "nslab-base", stdin=packed.stdout)
    mirror = os.environ.get("NSLAB_DEBIAN_MIRROR", "")
    engine.build(ROOT, "nslab-base", **({"NSLAB_DEBIAN_MIRROR": mirror} if mirror else {}))


def check_image(engine: Engine, tale: Tale) -> None:
    """That it is what its labels, its bill of materials and its size say."""
    config = engine.inspect()["Config"]
    must(config["User"] == "1000:1000", f"its user is {config['User']}, which kubelet cannot judge")
    labels = {name.rpartition(".")[2]: text for name, text in config["Labels"].items()}
    must(
        labels.keys() >= {"title", "version", "revision", "source", "licenses"}, f"labels {labels}"
    )

    def cat(path: str) -> str:
        return engine.ask("run", "--rm", "--network", "none", "--entrypoint", "cat", "nslab", path)

    def inside(*words: str) -> str:
        return engine.ask(
            "run", "--rm", "--network", "none", "--entrypoint", words[0], "nslab", *words[1:]
        )

    packages = dict(
        line.split()
        for line in inside("dpkg-query", "-W", "-f", "${Package} ${Version}\\n").splitlines()
    )
    listed = json.loads(cat("/usr/share/nslab/materials/debian.cdx.json"))
    found = {each["name"]: each["version"] for each in listed["components"]}
    missing = {name for name, version in packages.items() if found.get(name) != version}
    must(not missing, f"not in the bill of materials: {sorted(missing)[:9]}")
    python = json.loads(cat("/usr/share/nslab/materials/python.cdx.json"))["components"]
    pinned: dict[str, set[str]] = {}
    for name, version in re.findall(r"^(\S+)==(\S+)", LOCK.read_text(), re.MULTILINE):
        pinned.setdefault(name, set()).add(version)
    versions = {each["name"].lower().replace("_", "-"): each.get("version") for each in python}
    must("nslab" in versions, "nslab is not in the bill of materials")
    wrong = {name for name in versions.keys() & pinned.keys() if versions[name] not in pinned[name]}
    must(not wrong, f"other versions than in the lock: {wrong}")
    ok(f"bills of materials: {len(packages)} packages of Debian, {len(versions)} of Python")
    sizes = [
        (int(size), line)
        for size, _, line in (
            row.partition(" ")
            for row in engine.ask(
                "history",
                "--no-trunc",
                "--human=false",
                "--format",
                "{{.Size}} {{.CreatedBy}}",
                "nslab",
            ).splitlines()
        )
    ]
    whole = sum(size for size, _ in sizes)
    machine = sum(
        size for size, line in sizes if "qemu-system" in line or "/var/cache/nslab /var" in line
    )
    tale.figures["image"] = (
        f"{whole >> 20} MB, of which {machine >> 20} MB are for virtual machines"
    )
    ok(f"the image takes {tale.figures['image']}")


# -- one Docker host ---------------------------------------------------------------------------


def docker_run(engine: Engine) -> None:
    """The doctor's own words, taken as they are, make a lab possible."""
    plain = ("run", "--rm", "--network", "none")
    code, said = engine.tried(*plain, "nslab", "nslab", "doctor")
    must(code == 1 and "docker run" in said, f"the doctor in a plain container: {said}")
    options = re.findall(r"--security-opt [a-z]+=[a-z]+", said)
    must(len(options) == 3, f"the doctor names {options}")
    words = [word for option in options for word in option.split()]
    said = engine.ask(*plain, *words, "nslab", "python", "-c", PLAIN_LAB)
    must("1 received" in said, f"a lab with {options}: {said}")
    for left_out in options:
        fewer = [word for option in options if option != left_out for word in option.split()]
        code, said = engine.tried(*plain, *fewer, "nslab", "nslab", "doctor")
        # Where the kernel has no AppArmor, its option changes nothing.
        needless = "apparmor" in left_out and not Path("/sys/module/apparmor").exists()
        must((code == 0) == needless, f"without {left_out}: {said}")
    ok(f"docker run {' '.join(options)}: a lab runs; with one left out the doctor refuses")


# -- pods --------------------------------------------------------------------------------------


class Pod:
    """A pod's settings, carried out by runc; its mounts end with this process."""

    def __init__(self, engine: Engine, work: Path, tale: Tale, *names: str) -> None:
        self.manifest = pods.pod(*names)
        self.image, self.tale = engine.inspect(), tale
        self.bundle = Path(tempfile.mkdtemp(prefix="pod-", dir=work))
        self.shared = work / "shared"
        self.base = engine.specification("--cap-drop", "ALL", "--security-opt", "no-new-privileges")
        self.number = 0
        self.bundle.chmod(0o755)
        users = self.manifest["spec"].get("hostUsers") is False
        self.given = oci.given(self.bundle / "pods" / "ada", users=users)
        oci.root(engine.layers(), self.bundle, users=users)

    @contextlib.contextmanager
    def started(self, *command: str, **changed: Any) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """A program in the pod, by the image's entrypoint; and its name for runc.

        :param changed: what of Linux's part of the specification is another
        """
        given = (self.manifest, self.image, self.base, self.shared, self.given)
        spec = oci.specification(*given, command)
        spec["linux"].update(changed)
        spec["process"]["env"] += ["KUBERNETES_SERVICE_HOST=10.96.0.1", "NSLAB_QUICK=1"]
        (self.bundle / "config.json").write_text(json.dumps(spec))
        self.number += 1
        name = f"nslab-proof-{os.getpid()}-{self.bundle.name}-{self.number}"
        runc = ("runc", "--root", str(self.bundle / "runc"))
        process = subprocess.Popen(
            [*runc, "run", "--bundle", str(self.bundle), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process, name
        finally:
            subprocess.run([*runc, "delete", "--force", name], capture_output=True, check=False)
            process.kill()
            process.wait()

    def run(self, *command: str, fails: bool = False, **changed: Any) -> str:
        """What a program in the pod says."""
        with self.started(*command, **changed) as (process, _):
            said, _ = process.communicate()
        with self.tale.log.open("a") as out:
            out.write(f"\n$ {' '.join(command)}\n{said}\n")
        must(
            bool(process.returncode) == fails,
            f"{command} ended with {process.returncode}:\n{said[-4000:]}",
        )
        return said


def check_walls(pod: Pod, *, users: bool) -> None:
    status = pod.run("cat", "/proc/self/status")
    for line in (
        "Uid:\t1000\t1000",
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
    ):
        must(line in status, f"not so in the pod: {line}")
    ids = pod.run("cat", "/proc/self/uid_map").split()[-3:]
    must(ids[1] == (str(oci.SHIFT) if users else "0"), f"its ids: {ids}")
    said = pod.run(
        "sh",
        "-c",
        "ls -ld /opt/nslab /home/jovyan/nslab-notebooks && ls /home/jovyan/nslab-notebooks",
    )
    must("root" in said and "jovyan" in said and "16-capstone.ipynb" in said, said)
    whose = "its own" if users else "the node's"
    ok(f"uid 1000, no capability, no new privileges, {whose} ids; the lessons are there")


def lessons(pod: Pod, engine: str, tale: Tale) -> None:
    """Every output of the lessons against the saved ones."""
    names = [
        f"{oci.MOUNTED}/{engine}/{path.name}" for path in sorted((pod.shared / engine).iterdir())
    ]
    with tale.stage(f"lessons {', '.join(LESSONS)}, engine {engine}"):
        said = pod.run(
            *("env", f"PYTHONPATH={oci.MOUNTED}/runner", "python", "-m", "pytest", "-q"),
            *("-p", "no:cacheprovider", "--nbval", "--nbval-current-env"),
            *("--nbval-sanitize-with", f"{oci.MOUNTED}/nbval.cfg", "--rootdir", "/tmp", *names),
        )
        counted = re.search(r"\d+ passed.* in [0-9.]+s", said)
        must(counted and "skipped" not in counted[0] and "failed" not in counted[0], said[-3000:])
        ok(f"all outputs as saved: {counted[0] if counted else ''}")


KINDS = {
    "learner.py": "",
    "qemu-system": "machines",
    "nslab.engine": "labs",
    "/kernel-": "kernel",
    "jupyter": "server",
}
"""What a process is, by a part of its command; the first that fits.  The driver does not count."""


def shares(pids: Sequence[int]) -> dict[str, int]:
    """Bytes of memory by kind of process; what several have together is divided among them."""
    found: dict[str, int] = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
            kind = next((kind for part, kind in KINDS.items() if part in words), "programs in labs")
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            (size,) = re.findall(r"^Pss: +(\d+)", rollup, re.MULTILINE)
            if kind:
                found[kind] = found.get(kind, 0) + int(size) * 1024
    return found


def weigh(pod: Pod, engine: str, tale: Tale) -> None:
    """What one learner takes, with a server, a kernel and the labs of lesson 05."""
    with (
        tale.stage(f"a learner's memory, engine {engine}"),
        pod.started("python", f"{oci.MOUNTED}/learner.py") as (process, name),
    ):
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("{"):
                break
        must(said and said[-1].startswith("{"), f"the learner: {''.join(said)[-3000:]}")
        runc = ("runc", "--root", str(pod.bundle / "runc"), "ps", "--format", "json", name)
        listed = json.loads(subprocess.run(runc, capture_output=True, text=True, check=True).stdout)
        kinds = shares(listed)
        parts = ", ".join(
            f"{kind} {size >> 20}"
            for kind, size in sorted(kinds.items(), key=lambda item: -item[1])
            if size >> 20 >= 2
        )
        took = json.loads(said[-1])
        tale.figures[f"a learner, engine {engine}"] = (
            f"{sum(kinds.values()) >> 20} MB ({parts}); server after {took['answered']:.1f} s, "
            f"slowest of {took['cells']} cells {took['slowest']:.1f} s"
        )
        ok(tale.figures[f"a learner, engine {engine}"])
        guaranteed = pod.manifest["spec"]["containers"][0]["resources"]["requests"]["memory"]
        must(
            sum(kinds.values()) <= guaranteed, f"more than the pod's share of {guaranteed >> 20} MB"
        )


def share(work: Path) -> None:
    """What pods see of this machine: the notebooks, and what runs them."""
    folder = work / "shared"
    shutil.rmtree(folder, ignore_errors=True)
    for engine in ("local", "vm"):
        (folder / engine).mkdir(parents=True)
        for number in LESSONS:
            (path,) = (ROOT / "notebooks").glob(f"{number}-*.ipynb")
            book = json.loads(path.read_text())
            if engine == "vm":
                cells = ["".join(cell["source"]) for cell in book["cells"]]
                ends = [at for at, text in enumerate(cells) if DOCKER_PART in text]
                book["cells"] = book["cells"][: ends[0] if ends else None]
            (folder / engine / path.name).write_text(json.dumps(book))
    for name in RUNNER:
        for file in importlib.metadata.files(name) or ():
            if ".." not in file.parts and file.suffix != ".pyc":
                target = folder / "runner" / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.locate(), target)
    shutil.copyfile(ROOT / "tests/nbval.cfg", folder / "nbval.cfg")
    shutil.copyfile(Path(__file__).with_name("learner.py"), folder / "learner.py")


def run(engine: Engine, work: Path, tale: Tale) -> None:
    share(work)
    allowed = Pod(engine, work, tale, *pods.PROFILES["namespaces"])
    with tale.stage("a pod with namespaces"):
        check_walls(allowed, users=True)
    lessons(allowed, "local", tale)
    weigh(allowed, "local", tale)
    refused = Pod(engine, work, tale, *pods.PROFILES["anywhere"])
    with tale.stage("a pod without"):
        check_walls(refused, users=False)
        said = refused.run("unshare", "-U", "true", fails=True)
        must("Operation not permitted" in said, f"unshare: {said}")
    lessons(refused, "vm", tale)
    weigh(refused, "vm", tale)


# -- from outside ------------------------------------------------------------------------------


def inner(work: Path) -> int:
    """All of it, in mount and process namespaces that end with it."""
    what, tale = fingerprint(), Tale(work, "proof.log")
    engine = None
    try:
        with tale.stage("debootstrap"):
            there = base(work, tale)
        engine = Engine(work, tale)
        with tale.stage("docker build"):
            build(engine, there)
        with tale.stage("checks of the image"):
            check_image(engine, tale)
        with tale.stage("docker run, as the doctor says"):
            docker_run(engine)
        run(engine, work, tale)
    except (Unproved, OSError, subprocess.CalledProcessError) as error:
        print(f"NOT PROVED: {error}", file=sys.stderr, flush=True)
        return 1
    finally:
        if engine:
            engine.close()
    record(what, tale)
    print(f"proved: {recorded()['in all']}; commit {RECORD.relative_to(ROOT)}")
    return 0


def enter(words: Sequence[str]) -> int:
    """Run this program again where its mounts and processes end with it."""
    started = subprocess.Popen(
        [
            *("unshare", "--mount", "--pid", "--propagation", "private", "--fork", "--kill-child"),
            *("--mount-proc", sys.executable, __file__, *words),
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
    parser.add_argument("--work", type=Path, help="keep the base, the engine's data and the logs")
    parser.add_argument("--if-changed", action="store_true", help="only if it was not proved yet")
    parser.add_argument("--inner", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inner:
        return inner(asked.inner)
    last = recorded()
    if asked.if_changed and last.get("fingerprint") == fingerprint():
        print(
            f"the image and the pods are those that were proved on {last['date']}, in "
            f"{last['in all']}; NSLAB_IMAGE_PROOF=1 proves them again"
        )
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    work = (asked.work or Path(tempfile.mkdtemp(prefix="nslab-image-", dir="/var/tmp"))).absolute()
    work.mkdir(exist_ok=True)
    work.chmod(0o755)
    try:
        return enter(["--inner", str(work)])
    finally:
        if asked.work is None:
            shutil.rmtree(work)


if __name__ == "__main__":
    sys.exit(main())
