"""What the builder offers: a form for each kind of step, as values; knows no widget.

A form names an action and its fields.  What a field may be is asked of a snapshot; what was filled
in is made into an action, which checks it before anything is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

from msgspec import Struct

from nslab.draw.scene.metrics import width
from nslab.errors import InvalidInput
from nslab.jupyter.widgets.words import say
from nslab.network import actions as act
from nslab.network.actions import Action
from nslab.network.model import Snapshot

HOST = "host"
"""What the forms call the pseudo-host."""

NONE = "–"
"""The choice of nothing, where a field may be left out."""

Kind = Literal[
    "text", "number", "namespace", "named", "container", "link", "bridge", "choice", "flag"
]
Value = str | bool


class Field(Struct, frozen=True):
    """A field of a form: the action's field of the same name.

    ``example`` stands greyed in an empty text field.  A ``link`` is chosen among those of the
    namespace in the field ``ns``, a ``bridge`` among its bridges, a ``choice`` among ``choices``.
    An ``optional`` one may be left empty.  One that ``begins`` stands first on a line of its own.
    """

    name: str
    label: str
    kind: Kind = "text"
    example: str = ""
    optional: bool = False
    choices: tuple[str, ...] = ()
    begins: bool = False

    @property
    def such(self) -> str:
        """What stands in it while it is empty: an example, and words that say that it is one."""
        return say("such as {example}").format(example=self.example) if self.example else ""


LABEL = 80
"""Pixels: the usual width of a label."""

FIELD, AROUND = 221, 32
"""Pixels: the usual width of a field with its label, and what stands around the text in it."""


class Form(Struct, frozen=True):
    """A kind of step."""

    title: str
    action: type[Action]
    fields: tuple[Field, ...]

    @property
    def lines(self) -> list[list[Field]]:
        """Its fields, those beside each other that are about one thing."""
        lines: list[list[Field]] = []
        for field in self.fields:
            if field.begins or not lines:
                lines.append([])
            lines[-1].append(field)
        return lines

    @property
    def labels(self) -> str:
        """How wide the labels of its fields are, which is the same in all forms."""
        return labels()

    def wide(self, field: Field) -> str:
        """How wide a field is, with its label: no example, and no word beside a box, is cut.

        Those below each other are equally wide.
        """
        label = int(self.labels.removesuffix("px"))
        column = next(line.index(field) for line in self.lines if field in line)
        inside = [
            each.label if each.kind == "flag" else each.such
            for line in self.lines
            for each in line[column : column + 1]
        ]
        return f"{max(FIELD, *(label + round(width(text, 13)) + AROUND for text in inside))}px"

    @property
    def joins(self) -> bool:
        """Whether it is about two things, each of which has its place."""
        kinds = [field.kind for field in self.fields]
        return kinds.count("namespace") > 1 or {"link", "bridge"} <= set(kinds)

    def make(self, values: Mapping[str, Value]) -> Action:
        """The action for what was filled in.

        :raises InvalidInput: it cannot work; says why
        """
        if (empty := self.unfilled(values)) is not None:
            raise InvalidInput(
                "do",
                self.title.lower(),
                f"{empty.label.lower()} is empty",
                f"such as {empty.example}" if empty.example else "",
            )
        given: dict[str, object] = {}
        for field in self.fields:
            value = values[field.name]
            if isinstance(value, str):
                value = value.strip()
                if value in ("", NONE):
                    continue
                if field.kind == "namespace" and value == HOST:
                    given[field.name] = None
                    continue
            given[field.name] = _number(value) if field.kind == "number" else value
        return self.action(**given)

    def unfilled(self, values: Mapping[str, Value]) -> Field | None:
        """The first field that is still to be filled in."""
        for field in self.fields:
            value = values[field.name]
            if not field.optional and isinstance(value, str) and value.strip() in ("", NONE):
                return field
        return None

    def choices(self, field: Field, snapshot: Snapshot, values: Mapping[str, Value]) -> list[str]:
        """What a field may be now."""
        found: list[str] = []
        own = [space for space in snapshot if space.role != "world"]
        if field.kind == "choice":
            found = list(field.choices)
        elif field.kind == "namespace":
            found = [space.label for space in own]
        elif field.kind in ("named", "container"):
            found = [space.label for space in own if space.role == field.kind]
        elif field.kind in ("link", "bridge"):
            label = values.get("ns", HOST)
            links = [link for space in own if space.label == label for link in space.links]
            found = [link.name for link in links if field.kind == "link" or link.kind == "bridge"]
            found.sort(key=lambda name: name == "lo")  # the first is chosen, and lo is never meant
        return [NONE, *found] if field.optional else found


@cache
def labels() -> str:
    """How wide labels are: no word of another language is cut, and all fields begin alike."""
    texts = [field.label for form in FORMS for field in form.fields if field.kind != "flag"]
    return f"{max([LABEL, *(round(width(text, 13)) + 4 for text in texts)])}px"


def _number(value: Value) -> Value | int:
    """A number as one; what is none stays a text, and the action says what is wrong with it."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _ns(label: str = "") -> Field:
    return Field("ns", label or say("In"), "namespace")


def _link() -> Field:
    return Field("link", say("Link"), "link")


def _parent() -> Field:
    return Field("parent", say("Parent"), "link")


FORMS: tuple[Form, ...] = (
    Form(say("Add a namespace"), act.AddNamespace, (Field("name", say("Name"), example="ns1"),)),
    Form(say("Add a container"), act.AddContainer, (Field("name", say("Name"), example="app"),)),
    Form(say("Add a bridge"), act.AddBridge, (Field("name", say("Name"), example="lxcbr0"), _ns())),
    Form(
        say("Add a cable (veth)"),
        act.AddVeth,
        (
            Field("name", say("One end"), example="lxcbr0.1"),
            _ns(),
            Field("master", say("Attached to"), "bridge", optional=True),
            Field("peer", say("Other end"), example="veth-ns1", begins=True),
            Field("peer_ns", say("In"), "namespace"),
        ),
    ),
    Form(
        say("Add a macvlan"),
        act.AddMacvlan,
        (
            _ns(),
            _parent(),
            Field("name", say("Name"), example="mac0"),
            Field("mode", say("Mode"), "choice", choices=act.MACVLAN_MODES),
        ),
    ),
    Form(
        say("Add an ipvlan"),
        act.AddIpvlan,
        (
            _ns(),
            _parent(),
            Field("name", say("Name"), example="ip0"),
            Field("mode", say("Mode"), "choice", choices=act.IPVLAN_MODES),
        ),
    ),
    Form(
        say("Add a VLAN"),
        act.AddVlan,
        (
            _ns(),
            _parent(),
            Field("name", say("Name"), example="eth0.10"),
            Field("vlan", say("VLAN"), "number", example="10"),
        ),
    ),
    Form(
        say("Attach to a bridge"),
        act.Attach,
        (_ns(), _link(), Field("bridge", say("Bridge"), "bridge")),
    ),
    Form(say("Detach from its bridge"), act.Detach, (_ns(), _link())),
    Form(
        say("Move to another namespace"),
        act.Move,
        (_ns(say("From")), _link(), Field("to", say("To"), "namespace")),
    ),
    Form(
        say("Rename"), act.Rename, (_ns(), _link(), Field("name", say("New name"), example="eth0"))
    ),
    Form(
        say("Add an address"),
        act.AddAddress,
        (_ns(), _link(), Field("address", say("Address"), example="192.168.10.1/24")),
    ),
    Form(
        say("Add a route"),
        act.AddRoute,
        (
            _ns(),
            Field("destination", say("To"), example="default"),
            Field("via", say("Gateway"), example="192.168.10.1"),
        ),
    ),
    Form(say("Set up"), act.SetUp, (_ns(), _link())),
    Form(say("Set down"), act.SetDown, (_ns(), _link())),
    Form(
        say("Spanning tree"),
        act.SetBridge,
        (_ns(), Field("name", say("Bridge"), "bridge"), Field("stp", say("On"), "flag")),
    ),
    Form(
        say("Filter VLANs"),
        act.SetBridge,
        (_ns(), Field("name", say("Bridge"), "bridge"), Field("vlan_filtering", say("On"), "flag")),
    ),
    Form(
        say("VLAN of a port"),
        act.SetPortVlan,
        (
            _ns(),
            _link(),
            Field("vlan", say("VLAN"), "number", example="10"),
            Field("pvid", say("Untagged inwards"), "flag"),
            Field("untagged", say("Untagged outwards"), "flag"),
        ),
    ),
    Form(say("Promiscuous"), act.SetPromiscuous, (_ns(), _link(), Field("on", say("On"), "flag"))),
    Form(
        say("Masquerade"),
        act.Masquerade,
        (
            _ns(),
            Field("source", say("From"), example="192.168.10.0/24"),
            Field("out", say("Leaving by"), "link"),
        ),
    ),
    Form(
        say("Kernel setting"),
        act.Sysctl,
        (
            _ns(),
            Field("key", say("Key"), example="net.ipv4.ip_forward"),
            Field("value", say("Value"), example="1"),
        ),
    ),
    Form(
        say("Name server"),
        act.ResolvConf,
        (
            Field("ns", say("Of"), "namespace"),
            Field("nameserver", say("Address"), example="8.8.8.8"),
        ),
    ),
    Form(
        say("Delete an address"),
        act.DeleteAddress,
        (_ns(), _link(), Field("address", say("Address"), example="192.168.10.1/24")),
    ),
    Form(
        say("Delete a VLAN of a port"),
        act.DeletePortVlan,
        (_ns(), _link(), Field("vlan", say("VLAN"), "number", example="10")),
    ),
    Form(
        say("Delete a route"),
        act.DeleteRoute,
        (_ns(), Field("destination", say("To"), example="default")),
    ),
    Form(say("Delete a link"), act.DeleteLink, (_ns(), _link())),
    Form(
        say("Delete a namespace"), act.DeleteNamespace, (Field("name", say("Namespace"), "named"),)
    ),
    Form(
        say("Delete a container"),
        act.DeleteContainer,
        (Field("name", say("Container"), "container"),),
    ),
)
"""In the order in which a network is built."""
