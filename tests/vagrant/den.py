"""A private place for libvirt: network, mounts and processes of its own, on any machine, by hand.

``enter`` runs this program again in new namespaces.  Whatever is started there, libvirt's bridges
and rules and the virtual machine too, is gone when it ends, however it ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

QEMU = """\
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
remember_owner = 0
dynamic_ownership = 0
"""

LIBVIRTD = """\
auth_unix_ro = "none"
auth_unix_rw = "none"
log_outputs = "2:file:{log}"
"""


def enter(arguments: list[str]) -> int:
    """Run this interpreter with these arguments in there, and answer with its exit code."""
    started = subprocess.Popen([
        "unshare", "--net", "--mount", "--pid", "--ipc", "--uts", "--propagation", "private",
        "--fork", "--kill-child", "--mount-proc",
        # libvirt waits for its orphans to be gone: the first process has to reap, as bash does.
        "bash", "-c", '"$@"; exit $?', "first", sys.executable, *arguments,
    ])  # fmt: skip
    try:
        return started.wait()
    except KeyboardInterrupt:
        # The terminal told the inner ones as well; they end what they have begun.
        return started.wait()
    finally:
        if started.poll() is None:
            started.kill()
            started.wait()


def furnish(work: Path) -> None:
    """Make the place, from inside: loopback, a /sys of its own, libvirt's folders in ``work``.

    The machine's own folders are hidden, not changed.
    """
    run("ip", "link", "set", "lo", "up")
    run("mount", "-t", "sysfs", "sysfs", "/sys")
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    etc = work / "libvirt" / "etc"
    shutil.copytree("/etc/libvirt", etc, dirs_exist_ok=True)
    # Networks that start by themselves are nobody's business here.
    shutil.rmtree(etc / "qemu" / "networks", ignore_errors=True)
    (etc / "qemu.conf").write_text(QEMU)
    log = work / "logs" / "libvirtd.log"
    (etc / "libvirtd.conf").write_text(LIBVIRTD.format(log=log))
    run("mount", "--bind", etc, "/etc/libvirt")
    for name in ("lib", "cache", "log"):
        folder = work / "libvirt" / name
        folder.mkdir(parents=True, exist_ok=True)
        if Path(f"/var/{name}/libvirt").is_dir():
            run("mount", "--bind", folder, f"/var/{name}/libvirt")


def run(*command: object) -> None:
    subprocess.run([str(word) for word in command], check=True)


class Libvirtd:
    """The daemon, as a child of this process."""

    def __init__(self, work: Path) -> None:
        with (work / "logs" / "libvirtd.out").open("wb") as out:
            self.process = subprocess.Popen(
                ["libvirtd", "--config", "/etc/libvirt/libvirtd.conf"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip
        self.wait(Path("/run/libvirt/libvirt-sock"), limit=60)

    def wait(self, socket: Path, limit: float) -> None:
        deadline = time.monotonic() + limit
        while not socket.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("libvirtd did not start: see libvirtd.out and libvirtd.log")
            time.sleep(0.1)

    def left(self) -> list[str]:
        """Machines, networks and volumes that it still has."""
        found: list[str] = []
        for what in (["list", "--all"], ["net-list", "--all"]):
            told = subprocess.run(
                ["virsh", "-q", "-c", "qemu:///system", *what, "--name"],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            found += told.stdout.split()
        return found

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def environment(work: Path) -> dict[str, str]:
    """What Vagrant sees: homes of its own, and none of the caller's settings for it."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith(("VAGRANT", "NSLAB", "LIBVIRT"))}  # fmt: skip
    home = work / "home"
    home.mkdir(exist_ok=True)
    return {
        **kept,
        "HOME": str(home),
        "TMPDIR": str(home),
        "VAGRANT_HOME": str(work / "vagrant-home"),
        "VAGRANT_DOTFILE_PATH": str(work / "dotfile"),
        "VAGRANT_CHECKPOINT_DISABLE": "1",
        "LANG": "C.UTF-8",
    }
