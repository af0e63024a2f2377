"""Two places that a tunnel may join."""

from __future__ import annotations

from nslab import Lab
from nslab.network.actions import AddAddress, AddNamespace, AddVeth
from nslab.network.model import Snapshot


def two_sites() -> Snapshot:
    """Two namespaces, left at 10.1.0.2 and right at 10.2.0.2, each with a cable to the host."""
    with Lab(engine="fake") as lab:
        for n, ns in enumerate(("left", "right"), 1):
            lab.do(
                AddNamespace(ns),
                AddVeth(ns, "eth0", peer_ns=ns, up=True),
                AddAddress("eth0", f"10.{n}.0.2/24", ns=ns),
                watch=False,
            )
        return lab.snapshot()
