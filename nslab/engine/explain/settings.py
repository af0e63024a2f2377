"""Kernel parameters and name servers: what a refusal means."""

from __future__ import annotations

from errno import EACCES, EBUSY, EINVAL, ENOENT, EROFS

from nslab.engine.explain.phrases import Table
from nslab.network import actions as act

TABLE: Table = {
    (act.Sysctl, ENOENT): (
        "the kernel has no parameter of that name in {where}",
        "with a dot in a link's name, write slashes: net/ipv4/conf/lxcbr0.1/rp_filter",
    ),
    (act.Sysctl, EINVAL): ("{value} is not a valid value for it", "see what it has: sysctl {key}"),
    (act.Sysctl, EACCES): ("it is read-only", "see what it has: sysctl {key}"),
    (act.Sysctl, EROFS): ("/proc/sys is read-only here", "nslab doctor says why"),
    (act.ResolvConf, EROFS): ("/etc is read-only here", "nslab doctor says why"),
    (act.ResolvConf, EBUSY): (
        "another namespace has the file mounted",
        "end the programs that run there",
    ),
}
