"""Kernel parameters and name servers."""

from __future__ import annotations

from collections.abc import Iterable

from nslab.errors import InvalidInput
from nslab.network.actions.action import Action, Command, Style, command


class Sysctl(Action, frozen=True):
    """Set a kernel parameter below ``net.`` of a namespace.

    :param key: the sysctl, such as ``net.ipv4.ip_forward``
    :param value: the value, as text
    :param ns: the namespace; the host if None
    """

    key: str
    value: str
    ns: str | None = None

    def _check(self) -> None:
        if not self.value or any(c in self.value for c in "\n\0"):
            raise InvalidInput("set the sysctl", self.key, "the value is empty or has a new line")

    def _iproute2(self) -> list[Command]:
        return [command("sysctl", "-w", f"{self.key}={self.value}")]


class ResolvConf(Action, frozen=True):
    """Name the name server of a namespace, in the file that ``ip netns exec`` binds.

    For the host it is /etc/resolv.conf, for a namespace /etc/netns/NAME/resolv.conf, for a
    container the file that is bound over its own /etc/resolv.conf.
    """

    nameserver: str
    ns: str | None = None

    def commands(self, style: Style = "iproute2", containers: Iterable[str] = ()) -> list[Command]:
        line = ("echo", f"nameserver {self.nameserver}")
        if self.ns is None:
            return [command(*line, to="/etc/resolv.conf")]
        if self.ns in containers:
            return [command(*line, to=f"/run/containers/{self.ns}/resolv.conf")]
        directory = f"/etc/netns/{self.ns}"
        return [command("mkdir", "-p", directory), command(*line, to=f"{directory}/resolv.conf")]
