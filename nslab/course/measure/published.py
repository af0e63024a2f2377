"""What others have measured, with their sources.

Other machines, other programs, other years; most by those who sell or maintain one of the
candidates.  They are here to be read beside one's own figures, not to be met.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from msgspec import Struct


class Published(Struct, frozen=True, kw_only=True):
    """A statement: ``setting`` is what it was measured on, ``interest`` what its authors are."""

    says: str
    setting: str
    by: str
    title: str
    year: str
    where: str
    interest: str = ""

    @property
    def source(self) -> str:
        """Author, title, year and place."""
        return f"{self.by}: {self.title} ({self.year}), {self.where}"


FIGURES = (
    Published(
        says="NAT as Docker uses it against no container: the round trip doubles (100 bytes "
        "there, 200 back)",
        setting="two servers, 10 Gbit/s",
        by="W. Felter, A. Ferreira, R. Rajamony, J. Rubio (IBM)",
        title="An Updated Performance Comparison of Virtual Machines and Linux Containers",
        year="2014",
        where="IBM Research Report RC25482",
    ),
    Published(
        says="same machine: macvlan 22.2 Gbit/s and 45 µs, routed veth (Calico, three modes) "
        "10.2 to 10.3 Gbit/s and 91 to 105 µs",
        setting="Dell R620, Xeon E5-2620 at 2.0 GHz; netperf and iperf3",
        by="DaoCloud",
        title="CNI Performance Test Report",
        year="2023",
        where="docs.daocloud.io",
        interest="sells a product that uses macvlan",
    ),
    Published(
        says="between two machines: macvlan 24.3 µs and 9.36 Gbit/s, routed veth (Calico) 51.3 µs "
        "and 3.26 Gbit/s, the machines themselves 32.2 µs and 9.41 Gbit/s",
        setting="56 CPUs each, 10 Gbit/s, Linux 6.2",
        by="Spiderpool",
        title="Network I/O Performance",
        year="2023",
        where="spidernet-io.github.io",
        interest="maintains a macvlan plugin",
    ),
    Published(
        says="macvlan in a namespace against no namespace: one TCP direction 5 % less (850 to 810 "
        "MB/s as printed), everything else the same",
        setting="two machines, Linux 2.6.22",
        by="B. Thery (Bull)",
        title="L2 network namespaces + macvlan performances",
        year="2007",
        where="Linux containers mailing list, 6 July",
    ),
    Published(
        says="macvlan is ahead of veth and of ipvlan",
        setting="one machine, and two with a switch; TCP and UDP",
        by="J. Claassen, R. Koning, P. Grosso (University of Amsterdam)",
        title="Linux containers networking: performance and scalability of kernel modules",
        year="2016",
        where="IEEE/IFIP NOMS, doi 10.1109/NOMS.2016.7502883",
    ),
    Published(
        says="ipvlan is ahead of macvlan",
        setting="one machine, and several; ping and iperf",
        by="L. Zhang, Y. Wang, S. Liang, R. Jin",
        title="Container network architecture and performance analysis of Macvlan and IPvlan",
        year="before 2025",
        where="cited by Stanišić and others, Tehnika 4/2025",
    ),
)


class Table:
    """The statements, each with its source."""

    def __init__(self, figures: Sequence[Published]) -> None:
        self.figures = tuple(figures)

    def __str__(self) -> str:
        lines = []
        for number, one in enumerate(self.figures, start=1):
            interest = f"; {one.interest}" if one.interest else ""
            lines += [
                f"[{number}] {one.says}",
                f"    on: {one.setting}",
                f"    {one.source}{interest}",
            ]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        cell = "padding:.3em 1em .3em 0;text-align:left;vertical-align:top;white-space:normal"
        rows = []
        for one in self.figures:
            words = html.escape(one.source)
            if one.interest:
                words += f"; <b>{html.escape(one.interest)}</b>"
            texts = (html.escape(one.says), html.escape(one.setting), words)
            cells = "".join(f'<td style="{cell}">{text}</td>' for text in texts)
            rows.append(f'<tr style="background:none">{cells}</tr>')
        head = "".join(f'<th style="{cell}">{word}</th>' for word in ("measured", "on", "by whom"))
        table = (
            '<table style="border-collapse:collapse;color:inherit;max-width:60em">'
            f'<thead><tr style="background:none">{head}</tr></thead>'
            f"<tbody>{''.join(rows)}</tbody></table>"
        )
        return {"text/plain": str(self), "text/html": table}


def published() -> Table:
    """What others have measured, with their sources."""
    return Table(FIGURES)
