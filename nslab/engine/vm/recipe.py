"""What a lab's virtual machine is made of: values only.

Whatever changes here makes another image (:func:`digest`).
"""

from __future__ import annotations

import hashlib
import json
from importlib import metadata

SUITE = "bookworm"
ARCHITECTURE = "amd64"

PACKAGES = (
    # the system, which an empty package database does not bring by itself
    "base-files",
    "bash",
    "bsdutils",
    "coreutils",
    "dash",
    "debianutils",
    "diffutils",
    "findutils",
    "grep",
    "gzip",
    "hostname",
    "kmod",
    "libc-bin",
    "mawk",
    "mount",
    "ncurses-base",
    "ncurses-bin",
    "netbase",
    "procps",
    "sed",
    "tar",
    "usr-is-merged",
    "util-linux",
    # the agent
    "python3",
    "python3-minimal",
    # the commands of the lessons
    "bind9-host",
    "bridge-utils",
    "conntrack",
    "curl",
    "iperf3",
    "iproute2",
    "iptables",
    "iputils-arping",
    "iputils-ping",
    "less",
    "net-tools",
    "nftables",
    "strace",
    "tcpdump",
    "traceroute",
    # what starts it
    "busybox-static",
    "linux-image-cloud-amd64",
)

PYTHON_PACKAGES = ("msgspec", "dnslib", "pyroute2")
"""What the agent imports; in the very versions that are installed outside."""

LEFT_OUT = (
    "./usr/share/doc",
    "./usr/share/man",
    "./usr/share/locale",
    "./usr/share/info",
    "./usr/share/bash-completion",
    "./usr/share/icons",
    "./usr/share/lintian",
    "./usr/lib/python3.11/pydoc_data",
    "./usr/lib/python3.11/lib2to3",
    "./usr/share/zoneinfo",
    "./usr/lib/udev",
    "./var/lib/dpkg",
)

BOOT_MODULES = ("virtio_pci", "virtio_blk", "virtio_console", "erofs", "overlay")
"""Loaded before there is a root filesystem."""

MODULES = (
    "bridge",
    "br_netfilter",
    "veth",
    "macvlan",
    "macvtap",
    "ipvlan",
    "8021q",
    "dummy",
    "tun",
    "vxlan",
    "sch_netem",
    "sch_tbf",
    "sch_htb",
    "sch_ingress",
    "cls_bpf",
    "cls_matchall",
    "cls_u32",
    "act_gact",
    "act_mirred",
    "act_police",
    "af_packet",
    "virtio_net",
    "nf_tables",
    "nf_nat",
    "nf_conntrack",
    "nf_conntrack_netlink",
    "nft_meta_bridge",
    "nft_chain_nat",
    "nft_masq",
    "nft_nat",
    "nft_ct",
    "nft_compat",
    "nft_log",
    "nft_reject_inet",
    "nft_limit",
    "nft_redir",
    "nf_log_syslog",
    "xt_MASQUERADE",
    "xt_conntrack",
    "xt_addrtype",
    "xt_comment",
    "xt_nat",
    "xt_tcpudp",
    "xt_state",
    "xt_mark",
    "xt_LOG",
    "xt_REDIRECT",
    "xt_multiport",
    "xt_physdev",
    "ipt_REJECT",
    "inet_diag",
    "tcp_diag",
    "udp_diag",
    "unix_diag",
    "netlink_diag",
    "af_packet_diag",
)
"""Loaded before the state is saved; a program in the lab cannot load any."""

ALTERNATIVES = {
    "usr/sbin/iptables": "iptables-nft",
    "usr/sbin/iptables-save": "iptables-nft-save",
    "usr/sbin/iptables-restore": "iptables-nft-restore",
    "usr/sbin/ip6tables": "ip6tables-nft",
    "usr/sbin/ip6tables-save": "ip6tables-nft-save",
    "usr/sbin/ip6tables-restore": "ip6tables-nft-restore",
    "usr/bin/traceroute": "traceroute.db",
    "usr/bin/awk": "mawk",
    "usr/bin/pager": "less",
    "usr/bin/sh": "dash",
    "usr/bin/which": "which.debianutils",
    "usr/bin/python3": "python3.11",
}
"""Links that the packages' scripts would make; they are not run."""

FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n"
    "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"
    "_apt:x:42:65534::/:/usr/sbin/nologin\ntcpdump:x:101:101::/:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\ntty:x:5:\ntcpdump:x:101:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nprotocols: files\n"
    "services: files\nethers: files\n",
    "etc/hostname": "nslab\n",
    "etc/hosts": "127.0.0.1 localhost\n",
    "etc/resolv.conf": "nameserver 8.8.8.8\n",
    "etc/shells": "/bin/sh\n/bin/bash\n",
    "etc/fstab": "",
    "root/.bashrc": "",
}

INIT = """#!/bin/sh
# From the kernel to the agent: a read-only root under a layer in memory.
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs devtmpfs /dev
for module in $($b cat /modules/order); do
    $b insmod /modules/$module || echo "nslab: no $module"
done
$b mount -t erofs -o ro /dev/vda /lower ||
    { echo "nslab: cannot mount the root"; exec $b sleep 1; }
$b mount -t tmpfs -o size=25%,mode=755 tmpfs /upper
$b mkdir /upper/new /upper/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/upper/new,workdir=/upper/work overlay /root ||
    { echo "nslab: cannot mount the overlay"; exec $b sleep 1; }
cd /root
$b mkdir -p opt && $b cp -a /code opt/nslab
# Links on a Debian, which a package's script makes; here they came as folders.
$b rm -rf var/run var/lock && $b ln -s /run var/run && $b ln -s /run/lock var/lock
$b mount --move /proc proc
$b mount --move /sys sys
$b mount --move /dev dev
$b mount -t tmpfs -o mode=755 tmpfs run
$b mount -t tmpfs -o size=25%,mode=1777 tmpfs tmp
$b mount -t cgroup2 cgroup2 sys/fs/cgroup
export PYTHONPATH=/opt/nslab HOME=/root LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
exec $b switch_root /root /usr/bin/python3 -m nslab.engine.agent.boot.guest MODULES
"""


def python_versions() -> dict[str, str]:
    """The agent's Python packages, as they are installed here."""
    return {name: metadata.version(name) for name in PYTHON_PACKAGES}


def digest() -> str:
    """Changes when an image has to be made anew, whatever Debian has new."""
    parts = (
        SUITE,
        ARCHITECTURE,
        PACKAGES,
        python_versions(),
        LEFT_OUT,
        BOOT_MODULES,
        MODULES,
        ALTERNATIVES,
        FILES,
        INIT,
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
