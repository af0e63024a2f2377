"""A box under the public box's name, made of Debian's packages, that can be set up without network.

It is a minimal Debian 12 with the user ``vagrant``, as the public box is.  What is different lies
outside of what the project's Vagrantfile and provisioning know: the kernel is beside the image and
the processor is emulated (the box's own Vagrantfile says so), and the machine takes packages from
folders of the image (its sources.list and its pip.conf say so).  Nothing that the provisioning
installs is there before.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = "debian/bookworm64"
GIGABYTES = 8

# What the public box has beyond the essential, as far as Vagrant or a boot needs it.
INCLUDED = """systemd-sysv udev dbus openssh-server sudo linux-image-cloud-amd64 iproute2 ifupdown
isc-dhcp-client ca-certificates procps kmod less""".split()

# What runs the notebooks there: beside the machine's own environment, which stays as it is.
RUNNER = ("nbval", "pytest", "pluggy", "iniconfig", "coverage")

VAGRANTFILE = """\
Vagrant.configure("2") do |config|
  config.vm.boot_timeout = 900
  config.vm.provider :libvirt do |lv|
    lv.driver = "qemu"
    lv.cpu_mode = "custom"
    lv.cpu_model = "qemu64"
    lv.graphics_type = "none"
    lv.video_type = "none"
    lv.kernel = File.expand_path("../vmlinuz", __FILE__)
    lv.initrd = File.expand_path("../initrd.img", __FILE__)
    lv.cmd_line = "root=/dev/vda rw console=ttyS0 net.ifnames=0 mitigations=off"
  end
end
"""

INTERFACES = """\
auto lo
iface lo inet loopback
allow-hotplug eth0
iface eth0 inet dhcp
"""

PIP = """\
[global]
no-index = true
find-links = /srv/mirror/wheels
"""

Run = Callable[..., None]


def build(work: Path, run: Run) -> Path:
    """Make the box in a folder, with a command runner that keeps logs.  Answers with its path."""
    root, wheels, box = work / "root", work / "wheels", work / "box"
    for folder in (root, wheels, box):
        shutil.rmtree(folder, ignore_errors=True)
    box.mkdir(parents=True)
    download_wheels(wheels, run)
    bootstrap(root, run)
    settle(root, wheels, run)
    pack(root, box, run)
    image = work / "nslab.box"
    run("tar", "-C", box, "-cf", image, *sorted(path.name for path in box.iterdir()))
    for folder in (root, box):
        shutil.rmtree(folder)
    return image


def system_packages() -> list[str]:
    """The packages that the provisioning will install, from its own lists."""
    code = f". {ROOT}/script/provision; echo \"${{MORE_PACKAGES[@]}}\"; echo \"$SYSTEM_PACKAGES\""
    listed = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True)
    more, *lines = listed.stdout.splitlines()
    rows = [line.split() for line in lines if line.strip()]
    return sorted({row[2] for row in rows} | {"python3-venv", *more.split()})


def download_wheels(folder: Path, run: Run) -> None:
    """All wheels of the tests' lock, which has those of the lab, for the Python of Debian 12."""
    run(
        sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", "download",
        "--python-version", "3.11", "--only-binary=:all:", "--require-hashes",
        "--requirement", ROOT / "requirements" / "test.txt", "--dest", folder,
    )  # fmt: skip


def bootstrap(root: Path, run: Run) -> None:
    """A Debian 12, and beside it the files of what the provisioning will install."""
    wanted = " ".join(system_packages())
    download = "apt-get -q -y --no-install-recommends --download-only install"
    run(
        "mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(INCLUDED)}",
        f'--customize-hook=chroot "$1" {download} {wanted}',
        '--customize-hook=mkdir -p "$1/srv/mirror/debs"',
        '--customize-hook=mv "$1"/var/cache/apt/archives/*.deb "$1/srv/mirror/debs/"',
        '--customize-hook=chroot "$1" useradd -m -s /bin/bash vagrant',
        "bookworm", root,
    )  # fmt: skip


def settle(root: Path, wheels: Path, run: Run) -> None:
    """What makes it a box, and what makes it do without a network."""

    def write(path: str, text: str, mode: int = 0o644) -> None:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_text(text)
        target.chmod(mode)

    write("etc/sudoers.d/vagrant", "vagrant ALL=(ALL) NOPASSWD: ALL\n", 0o440)
    write("home/vagrant/.ssh/authorized_keys", public_key(), 0o600)
    (root / "home/vagrant/.ssh").chmod(0o700)
    run("chroot", root, "chown", "-R", "vagrant:", "/home/vagrant/.ssh")
    write("etc/hostname", "bookworm\n")
    write("etc/hosts", "127.0.0.1 localhost\n127.0.1.1 bookworm\n")
    write("etc/fstab", "/dev/vda / ext4 defaults 0 1\n")
    write("etc/network/interfaces", INTERFACES)
    write("etc/resolv.conf", "")

    # Time, which an emulated processor has little of: the kernel lies outside, so no initramfs is
    # wanted; and the disk is thrown away, so nothing need be safe from a power cut.
    write("etc/initramfs-tools/update-initramfs.conf", "update_initramfs=no\nbackup_initramfs=no\n")
    write("etc/dpkg/dpkg.cfg.d/unsafe", "force-unsafe-io\n")

    mirror = root / "srv/mirror"
    shutil.copytree(wheels, mirror / "wheels")
    (mirror / "Packages").write_text(index(mirror))
    write("etc/apt/sources.list", "deb [trusted=yes] file:/srv/mirror ./\n")
    write("etc/pip.conf", PIP)
    for path in (root / "var/lib/apt/lists").iterdir():
        if path.is_file():
            path.unlink()
    pins = re.findall(r"^(\S+?)==(\S+)", (ROOT / "requirements/test.txt").read_text(), re.MULTILINE)
    run(
        sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", "install", "--no-index",
        "--no-compile", "--no-deps", "--python-version", "3.11", "--only-binary=:all:",
        "--find-links", wheels, "--target", root / "srv/runner",
        *(f"{name}=={version}" for name, version in pins if name in RUNNER),
    )  # fmt: skip
    run("chmod", "-R", "go+rX", root / "srv")


def index(mirror: Path) -> str:
    """The list of a folder of Debian packages, as apt reads it."""
    stanzas = []
    for path in sorted(mirror.glob("debs/*.deb")):
        shown = subprocess.run(["dpkg-deb", "-f", path], capture_output=True, text=True, check=True)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        place = f"Filename: ./debs/{path.name}\nSize: {path.stat().st_size}\nSHA256: {digest}\n"
        stanzas.append(shown.stdout.rstrip("\n") + "\n" + place)
    return "\n".join(stanzas)


def public_key() -> str:
    """Vagrant's well-known key, which every public box lets in and Vagrant replaces at once."""
    found = sorted(Path("/usr/share/rubygems-integration/all/gems").glob("vagrant-[0-9]*/keys"))
    return (found[-1] / "vagrant.pub").read_text()


def pack(root: Path, box: Path, run: Run) -> None:
    """The files of a box for libvirt: the image, and the kernel beside it."""
    boot = root / "boot"
    shutil.copy(next(boot.glob("vmlinuz-*")), box / "vmlinuz")
    shutil.copy(next(boot.glob("initrd.img-*")), box / "initrd.img")
    raw = box / "disk"
    with raw.open("wb") as file:
        os.truncate(file.fileno(), GIGABYTES << 30)
    run("mkfs.ext4", "-q", "-F", "-L", "root", "-d", root, raw)
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, box / "box.img")
    raw.unlink()
    about = {"provider": "libvirt", "format": "qcow2", "virtual_size": GIGABYTES}
    (box / "metadata.json").write_text(json.dumps(about))
    (box / "Vagrantfile").write_text(VAGRANTFILE)
