"""Namespaces and containers."""

from __future__ import annotations

from collections.abc import Iterable

from nslab.network import names
from nslab.network.actions.action import Action, Command, Style, Word, command, pid_variable


class AddNamespace(Action, frozen=True):
    """Make a network namespace and name it in /run/netns, as ``ip netns add`` does."""

    name: str

    def _check(self) -> None:
        names.namespace_name(self.name)

    def _iproute2(self) -> list[Command]:
        return [command("ip", "netns", "add", self.name)]


class DeleteNamespace(Action, frozen=True):
    """Take the name away; the namespace ends when no process or socket holds it."""

    name: str

    def _check(self) -> None:
        names.namespace_reference(self.name)

    def _iproute2(self) -> list[Command]:
        return [command("ip", "netns", "delete", self.name)]


class AddContainer(Action, frozen=True):
    """A process with network, mount, pid and uts namespaces of its own, known by its hostname.

    Its network namespace has no name in /run/netns, as with Docker's containers.
    """

    name: str

    def _check(self) -> None:
        names.namespace_name(self.name)

    @property
    def argv(self) -> tuple[str, ...]:
        """The container's main process; its resolv.conf is a copy below /run/containers."""
        # The name has been checked: no character of it means anything to a shell.
        # Not --mount-proc: in a lab of root's a fresh /proc may be read-only only.
        files = f"/run/containers/{self.name}"
        script = (
            f"mount -t proc -o ro proc /proc; mkdir -p {files}; cp /etc/resolv.conf {files}; "
            f"mount --bind {files}/resolv.conf /etc/resolv.conf; "
            f"hostname {self.name}; exec sleep infinity"
        )
        return (
            "unshare",
            "--net",
            "--mount",
            "--uts",
            "--pid",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            script,
        )

    def _iproute2(self) -> list[Command]:
        return [Command(self.argv, background=True, keep_pid=pid_variable(self.name))]


class DeleteContainer(Action, frozen=True):
    """End a container's processes, and its namespaces with them."""

    name: str

    def _check(self) -> None:
        names.namespace_reference(self.name)

    def commands(self, style: Style = "iproute2", containers: Iterable[str] = ()) -> list[Command]:
        return [command("kill", "-KILL", Word(f'"${pid_variable(self.name)}"'))]
