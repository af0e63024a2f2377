"""What root in a lab of root's can and cannot reach of the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nslab import Lab

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def host() -> Iterator[Lab]:
    with Lab("walls") as lab:
        yield lab


def refused(lab: Lab, line: str) -> str:
    """The words with which a line was refused."""
    ran = lab.sh(line, echo=False)
    assert ran.returncode, f"{line}: {ran.stdout}"
    return ran.stderr


def done(lab: Lab, line: str) -> str:
    ran = lab.sh(line, echo=False)
    assert not ran.returncode, ran.stderr
    return ran.stdout


SETTING = "/proc/sys/vm/swappiness"


@pytest.mark.parametrize(
    "line",
    [
        f"cat {SETTING} >{SETTING}",
        "umount /proc/sys",
        "umount -l /proc/sys",
        "umount -R /proc",
        "umount /proc/sys/net",
        "mount -o remount,bind,rw /proc/sys",
        "mount -o remount,rw /proc",
        "mount --move /proc/sys /mnt",
        "mount --bind /proc /mnt",
        "mount --bind / /mnt",
        "mount -t proc proc /mnt",
        "unshare -m mount -t proc proc /mnt",
        "unshare -Urm mount -t proc proc /mnt",
        "unshare -pf mount -t proc proc /mnt",
        "unshare -Urmpf mount -t proc proc /mnt",
        "unshare -m umount /proc/sys",
        "unshare -Urm umount -l /proc/sys",
        f"unshare -mpf sh -c 'mount -t proc -o ro p /mnt; echo 1 >/mnt{SETTING[5:]}'",
        "unshare -mpf sh -c 'mount -t proc -o ro p /mnt && mount -o remount,rw /mnt'",
        "unshare -mpf sh -c 'mount -t proc -o ro p /mnt && mount -o remount,bind,rw /mnt'",
        "mount -o remount,bind,rw /run/nslab/proc",
        "umount /run/nslab/proc",
    ],
)
def test_the_machines_settings(host: Lab, line: str) -> None:
    before = Path(SETTING).read_text()
    assert refused(host, line)
    assert Path(SETTING).read_text() == before


@pytest.mark.parametrize(
    "line",
    [
        "umount /sys",
        "umount -l /sys",
        "mount -o remount,rw /sys",
        "mount -o remount,bind,rw /sys",
        "mount -t sysfs s /mnt",
        "unshare -nm mount -t sysfs s /mnt",
        "unshare -Urnm mount -t sysfs s /mnt",
        "unshare -nm sh -c 'mount -t sysfs -o ro s /mnt && mount -o remount,bind,rw /mnt'",
        "echo x >/sys/kernel/uevent_helper",
        "echo mem >/sys/power/state",
        "echo on >/sys/devices/system/cpu/cpu0/power/control",
        "ip netns add w; ip netns exec w mount -o remount,bind,rw /sys",
        "mount -t debugfs d /mnt",
        "mount -t tracefs d /mnt",
        "mount -t securityfs d /mnt",
        "mount -t configfs d /mnt",
        "mount -t devtmpfs d /mnt",
        "mount -t pstore d /mnt",
        "mount -t cgroup2 d /mnt",
        "mount -t cgroup -o freezer d /mnt",
        "unshare --cgroup mount -t cgroup2 d /mnt",
        "unshare -UrmC mount -t cgroup2 d /mnt",
    ],
)
def test_what_the_kernel_offers_as_files(host: Lab, line: str) -> None:
    assert refused(host, line)


def test_the_files_of_its_own_links_are_writable(host: Lab) -> None:
    """Tools and people write them: ``brctl stp``, ``echo 1 > …/brport/hairpin_mode``."""
    done(host, "ip link add files type bridge")
    setting = "/sys/class/net/files/bridge/stp_state"
    assert done(host, f"echo 1 > {setting}; cat {setting}") == "1\n"
    links = done(host, "ls /sys/devices/virtual/net").split()
    assert links == done(host, "ip -o link | cut -d' ' -f2 | tr -d : | cut -d@ -f1 | sort").split()
    done(host, "ip link del files")


@pytest.mark.parametrize(
    "line",
    [
        "umount /dev",
        "umount -l /dev",
        "touch /dev/x",
        "mount -o remount,bind,rw /dev",
        "mknod /run/disk b 254 0",
        "mknod /tmp/walls-disk b 254 0",
        "umount /dev/null",
        "mount -o remount,bind,dev /dev/shm && mknod /dev/shm/x c 1 1",
        "mknod /dev/shm/x c 1 1",
        "losetup /dev/loop0 /etc/passwd",
        "head -c1 /dev/kmsg",
        "head -c1 /dev/mem",
        "ls /dev/vda",
        "ls /dev/sda",
        "umount /run",
        "umount -l /run",
        "umount /etc",
        "umount -l /etc",
        "modprobe dummy",
        "kexec -e",
        "reboot -f",
        "date -s 2000-01-01",
        "ls /proc/1/root/dev/vda",
        "hwclock -w",
        "chroot /proc/1/root ls /dev/vda",
    ],
)
def test_devices_and_the_kernel_itself(host: Lab, line: str) -> None:
    try:
        assert refused(host, line)
    finally:
        Path("/tmp/walls-disk").unlink(missing_ok=True)


def test_a_device_node_on_the_machines_disk_is_none(host: Lab, tmp_path: Path) -> None:
    node = tmp_path / "zero"
    os.mknod(node, 0o600 | 0o020000, os.makedev(1, 5))
    with open(node, "rb") as file:
        assert file.read(1) == b"\0"
    assert "Permission denied" in refused(host, f"head -c1 {node}")


def test_a_proc_of_the_machines_elsewhere_is_out_of_sight(tmp_path: Path) -> None:
    """As a chroot has one: through it root in a lab would write the machine's settings."""
    script = (
        f"mount -t proc proc {tmp_path}; "
        'exec "$0" -c \'from nslab import Lab; lab = Lab("sight"); '
        f'print(lab.sh("ls -A {tmp_path} | wc -l; umount {tmp_path}", echo=False).stdout)\''
    )
    ended = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script, sys.executable],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == "0"


def test_processes_and_namespaces_outside(host: Lab) -> None:
    outside = subprocess.Popen(["sleep", "100"])
    try:
        seen = done(host, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
        assert "sleep 100" not in seen
        assert refused(host, f"nsenter --target {outside.pid} --net true")
    finally:
        outside.kill()
        outside.wait()
    machine = {
        os.readlink(f"/proc/self/ns/{kind}") for kind in ("user", "net", "mnt", "uts", "pid", "ipc")
    }
    inside = set(done(host, "readlink /proc/self/ns/* /proc/1/ns/*").split())
    assert not machine & inside


def test_what_lessons_do_goes_on(host: Lab) -> None:
    done(host, "brctl addbr br0; brctl stp br0 on; brctl setageing br0 100; brctl setfd br0 2")
    done(host, "ip link add v0 type veth peer name v1; brctl addif br0 v0")
    done(host, "brctl setpathcost br0 v0 7; brctl setportprio br0 v0 3")
    assert "yes" in done(host, "brctl show br0")
    assert "v0" in done(host, "brctl showstp br0")
    done(host, "brctl showmacs br0; sysctl -w net.ipv4.ip_forward=1; ip netns add ns1")
    assert done(host, "ip netns exec ns1 ls /sys/class/net") == "lo\n"
    done(host, "echo x >/dev/null; head -c1 /dev/urandom >/dev/full || test $? = 1; ls /dev/fd/0")
    assert "/dev/pts/" in done(host, "/usr/bin/script -qc tty /dev/null")
    done(host, "ip tuntap add dev tap0 mode tap; ip link del br0; ip netns del ns1")
    assert "1" in done(host, "unshare -mpf sh -c 'mount -t proc -o ro proc /proc; ps -o pid='")


def test_a_refused_proc_says_what_is_allowed(host: Lab) -> None:
    ran = host.sh("unshare --pid --fork --mount-proc true", echo=False)
    (hint,) = ran.hints
    assert done(host, hint.partition(": ")[2].replace("exec bash", "exec ps -o comm=")) == "ps\n"
