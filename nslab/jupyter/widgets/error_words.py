"""Errors in the reader's language, where a widget shows them.

An error whose operation, cause or advice is not known here is shown in English from end to end.
``tests/unit/test_error_words.py`` says which of those that a widget can show are known.
"""

from __future__ import annotations

from nslab.errors import NotMet, NslabError, typed
from nslab.jupyter.widgets.phrases import Phrases, noted
from nslab.jupyter.widgets.words import say
from nslab.printable import printable_lines

OPERATIONS = (
    # Actions.
    noted("add namespace {subject}"),
    noted("delete namespace {subject}"),
    noted("add container {subject}"),
    noted("delete container {subject}"),
    noted("add bridge {subject}"),
    noted("set bridge {subject}"),
    noted("add veth {subject}"),
    noted("move {subject}"),
    noted("rename {subject}"),
    noted("delete link {subject}"),
    noted("set up {subject}"),
    noted("set down {subject}"),
    noted("set mac {subject}"),
    noted("set promiscuous {subject}"),
    noted("add macvlan {subject}"),
    noted("add ipvlan {subject}"),
    noted("add vlan {subject}"),
    noted("set port vlan {subject}"),
    noted("delete port vlan {subject}"),
    noted("attach {subject}"),
    noted("detach {subject}"),
    noted("add address {subject}"),
    noted("delete address {subject}"),
    noted("add route {subject}"),
    noted("delete route {subject}"),
    noted("masquerade {subject}"),
    noted("sysctl {subject}"),
    noted("resolv conf {subject}"),
    noted("put a link on {subject}"),
    # Values.
    noted("do {subject}"),
    noted("set the forward delay of {subject}"),
    noted("set the sysctl {subject}"),
    noted("use the link name {subject}"),
    noted("use the namespace name {subject}"),
    noted("use the VLAN {subject}"),
    noted("use the address {subject}"),
    noted("use the destination {subject}"),
    noted("use the MAC {subject}"),
    noted("find the link {subject}"),
    noted("find the namespace {subject}"),
    # Asking, capturing, going back.
    noted("ping {subject}"),
    noted("fetch {subject}"),
    noted("explain {subject}"),
    noted("explain the way to {subject}"),
    noted("explain the way from {subject}"),
    noted("capture"),
    noted("capture on {subject}"),
    noted("filter {subject}"),
    noted("filter by {subject}"),
    noted("fetch frames"),
    noted("follow {subject}"),
    noted("draw the journey {subject}"),
    noted("show step {subject}"),
    noted("open the frame {subject}"),
    noted("look at the lab"),
    noted("start the capture"),
    noted("start the lab {subject}"),
    noted("start a lab"),
    noted("start a lab {subject}"),
    noted("use the lab {subject}"),
    noted("open a terminal in {subject}"),
    noted("finish"),
    noted("finish {subject}"),
    noted("begin"),
    noted("go on"),
    noted("go back {subject}"),
    noted("undo"),
    noted("undo {subject}"),
    noted("redo"),
    noted("run {subject}"),
    noted("choose {subject}"),
    noted("find the exercise's lab {subject}"),
    noted("check the exercise {subject}"),
    noted("check the puzzle {subject}"),
)
"""What cannot be done, and to what."""

CAUSES = (
    # What the kernel says of a namespace, a link, an address, a route.
    noted("there is no namespace {name}"),
    noted("there is no namespace of that name"),
    noted("there is a namespace of that name already"),
    noted("there is a container or a namespace of that name already"),
    noted("{place} has a link of that name already"),
    noted("{place} has a link named {name} already"),
    noted("a link named {name} or {other} is there already"),
    noted("{one} or {other} has a link named {name} already"),
    noted("{place} has a link named {name} already, or {parent} has its VLAN {vlan}"),
    noted("{one} or {other} has a link named {name} already, or {parent} has its VLAN {vlan}"),
    noted("{place} has no link named {name}"),
    noted("{place} has no link named {name}, or no bridge named {bridge}"),
    noted("{place} has no bridge named {name}"),
    noted("{place} has no link named {name} to stand on"),
    noted("{place} has no link of that name"),
    noted("{place} has no such link"),
    noted("it is not a bridge"),
    noted("{name} is not a bridge"),
    noted("while the spanning tree is on, the forward delay may be 2 to 30 seconds"),
    noted("this kernel's bridges cannot filter VLANs"),
    noted("the link that it stands on is down"),
    noted("an ipvlan has its parent's MAC"),
    noted("a loopback or a bridge cannot leave its namespace"),
    noted("this kernel renames a link only while it is down (it may be up since Linux 6.2)"),
    noted("the kernel made it and keeps it"),
    noted("no station may have the MAC {mac}"),
    noted("this device changes its MAC only while it is down"),
    noted("only an Ethernet device can be a port of a bridge"),
    noted("a bridge cannot be a port of another bridge"),
    noted("a bridge cannot be a port of itself"),
    noted("it is a port of a bridge already, or macvlan or ipvlan links stand on it"),
    noted("it is not a port of that bridge"),
    noted("{parent} serves a bridge or links of the other kind: macvlan or ipvlan, not both"),
    noted("mode passthru needs its parent for itself, and no macvlan can stand on a loopback"),
    noted("no ipvlan can stand on a loopback"),
    noted("this kernel has no driver for VLANs, or {parent} cannot carry any (a loopback cannot)"),
    noted("it is not a port of a bridge, or this kernel's bridges cannot filter VLANs"),
    noted("this kernel cannot make one: the driver is missing"),
    noted("{link} has {address} already"),
    noted("{link} has no address {address}"),
    noted("IPv6 is turned off in this lab"),
    noted("{place} has a route to {target} already"),
    noted("no link of {place} that is up has an address in the subnet of the gateway {via}"),
    noted("no link leads to the gateway {via}"),
    noted("no link leads to {via}"),
    noted("the link that it would use is down"),
    noted("{via} cannot be a gateway: it is not the address of one neighbour"),
    noted("{place} has no such route"),
    noted("the kernel has no parameter of that name in {place}"),
    noted("{value} is not a valid value for it"),
    noted("it is read-only"),
    noted("/proc/sys is read-only here"),
    noted("/etc is read-only here"),
    noted("another namespace has the file mounted"),
    noted("it has no file system of its own to write to"),
    noted("the kernel does not allow it to this user"),
    noted("its first process did not start"),
    # What the system calls by a number.
    noted("no such device"),
    noted("no such device or address"),
    noted("no such process"),
    noted("no such file or directory"),
    noted("file exists"),
    noted("invalid argument"),
    noted("operation not permitted"),
    noted("operation not supported"),
    noted("permission denied"),
    noted("device or resource busy"),
    noted("network is unreachable"),
    noted("network is down"),
    noted("no route to host"),
    noted("cannot assign requested address"),
    noted("numerical result out of range"),
    noted("no space left on device"),
    noted("disk quota exceeded"),
    noted("read-only file system"),
    noted("cannot allocate memory"),
    # Values that cannot work.
    noted("it is empty"),
    noted("it is no text"),
    noted("it has {count} characters"),
    noted("{character} is not allowed in it"),
    noted("it means a directory"),
    noted("ip(8) would take it for an option"),
    noted("ip(8) reads it as a keyword"),
    noted("ip(8) could not tell it from a process id (ip link set … netns takes both)"),
    noted("the lab's own world has that name"),
    noted("VLANs have the numbers 1 to 4094"),
    noted("both ends have the same name"),
    noted("it would stand on itself"),
    noted("there is no mode {mode}"),
    noted("nothing to set"),
    noted("{seconds} s is out of bounds"),
    noted("it is an IPv6 network"),
    noted("it says neither a gateway nor a device"),
    noted("the value is empty or has a new line"),
    noted("tcpdump says: {words}"),
    noted("for VLANs it understands only vlan and vlan NUMBER"),
    noted("there is no namespace or container of that name in the lab"),
    noted("no ping carries {size} bytes"),
    noted("a size is for a ping"),
    noted("icmp has no ports"),
    noted("{protocol} needs a port"),
    noted("it is not an address with a prefix length"),
    noted("{number} is more than 255, the largest number in an IPv4 address"),
    noted("an IPv4 address has four numbers"),
    noted("{number} begins with a 0, which is ambiguous"),
    noted("the prefix length of IPv4 goes from 0 to 32"),
    noted("the prefix length is missing"),
    noted("it is the network's own address"),
    noted("it is the network's broadcast address"),
    noted("it is a multicast address"),
    noted("it is not a network"),
    noted("it has bits set right of its prefix length"),
    noted("it is not the address of a host"),
    noted("it is not the address of one host"),
    noted("it is neither an address nor a name"),
    noted("it is not six bytes in hex"),
    noted("its first byte is odd, which means a group of stations"),
    noted("only keys below net. belong to a lab"),
    noted("there is none of that name"),
    noted("that is a namespace, which may have many addresses"),
    noted("it names port {written}, and port={port}"),
    noted("there is no such port or protocol"),
    noted("only IPv4 is explained from a snapshot"),
    # A lab, a capture, a filter.
    noted("it was not ready after {seconds} s, because the machine is very busy"),
    noted("it was closed"),
    noted("the lab was closed"),
    noted("it is no longer in use"),
    noted("it belongs to the process that made it"),
    noted("it was ended from outside, by nslab end; its network is gone too"),
    noted("its agent ended; its network is gone too"),
    noted("its agent ended (exit status {status}); its network is gone too"),
    noted("its agent ended: {words}; its network is gone too"),
    noted("its agent was given up, because {reason}; its network is gone too"),
    noted("you stopped it"),
    noted("you stopped it before its first action"),
    noted("you stopped it when all was done"),
    noted("you stopped it after {done} of {count} actions"),
    noted("you stopped it after {done} actions"),
    noted("you stopped it while another thread used the lab"),
    noted("you stopped it, and the lab did not stop"),
    noted("it was still running after {seconds} seconds and was ended"),
    noted("a step is just being done"),
    noted("there is nothing to undo"),
    noted("nothing was undone, or something new has been done since"),
    noted("there is no such program on this machine"),
    noted("no frame was seen"),
    noted("there is none of that number"),
    noted("the capture was stopped before"),
    noted("there is no link to capture on"),
    noted("it names no link"),
    noted("{count} captures are running already"),
    noted("frames have numbers"),
    noted("the lab is closed, so its links are not known"),
    noted("the journey has {count} steps"),
    noted("a lab in memory moves no frames"),
    noted("{word} has nothing before it that it could belong to"),
    noted("{word} is no field, {near} is one"),
    noted("{word} is no field"),
    noted("{word} of what?"),
    noted("nothing stands behind {word}"),
    # An exercise.
    noted("all 31 of the engine's pools overlap a route"),
    noted("none was started for it, or it has ended"),
    noted("the lab {name} was not started for it"),
    noted("the exercise {name} has no such choice"),
    noted("commands were run in {name} already: that would be no prediction"),
    noted("that is what you are to find out"),
    noted("{count} labs of yours are running, and {most} may be: {names}"),
)

HINTS = (
    noted("see what is there: {command}"),
    noted("see what it has: {command}"),
    noted("see it: {command}"),
    noted("see which: {command}"),
    noted("see which are ports: {command}"),
    noted("see what stands on it: {command}"),
    noted("see the addresses and which links are up: {command}"),
    noted("or make it: {command}"),
    noted("first: {command}"),
    noted("then first: {command}"),
    noted("choose another name"),
    noted("choose another name, or first: {command}"),
    noted("choose another name, or move and rename it afterwards"),
    noted("then choose other names, or delete the old pair"),
    noted("make a bridge with: {command}"),
    noted("first turn it off, in a separate step: {command}"),
    noted("use one that can: {command}"),
    noted("use one that has: {command}"),
    noted("set that up first; find it with: {command}"),
    noted("change that of its parent, or make a macvlan"),
    noted("attach it to a bridge"),
    noted("rename it first: {command}"),
    noted("make the bridge where it is wanted, or move one end of a veth pair"),
    noted("set it down instead: {command}"),
    noted("attach one end of a veth pair"),
    noted("join them with a veth pair with one end in each"),
    noted("first: {command}, or delete what stands on it"),
    noted("name another parent, such as eth0"),
    noted("make the lab with IPv6: {command}"),
    noted("the prefix length counts too; see what it has: {command}"),
    noted("give the address that the next router has in this subnet"),
    noted("with a dot in a link's name, write slashes: {example}"),
    noted("look at the rules that are there: {command}"),
    noted("allow more time with timeout=, or set a limit, such as ping -c 3"),
    noted("run: {command}"),
    noted("try again when the machine has less to do"),
    noted(
        "lab.close() ends one; in JupyterLab, Kernel → Shut Down Kernel ends those of a notebook"
    ),
    noted("without a port, and up to {size}"),
    noted("nslab doctor says why"),
    noted("nslab doctor says what it has"),
    noted("nslab doctor says what this machine allows"),
    noted("end the programs that run there"),
    noted("name the host, a namespace of /run/netns or a container"),
    noted("give it a name such as ns1"),
    noted("the kernel keeps at most {most} characters"),
    noted("use letters, digits and _ . - + only"),
    noted("use another name"),
    noted("begin with a letter"),
    noted("begin with a letter, such as ns1"),
    noted("choose a name that is not a keyword, such as veth-ns1"),
    noted("choose another, such as ns1"),
    noted("give the peer another name"),
    noted("give it another name"),
    noted("name another link"),
    noted("such as {example}"),
    noted("such as {example} or {other}"),
    noted("such as {example}, or {other}"),
    noted("such as {example}, without a prefix length, or {other}"),
    noted("like {example}"),
    noted("one of: {names}"),
    noted("give {example}, or {other}"),
    noted("give stp=, forward_delay= or vlan_filtering="),
    noted("give an IPv4 network"),
    noted("with the spanning tree on it may be 2 to 30 seconds, with it off 0 to 30"),
    noted("write it like {example}"),
    noted("write it without a prefix length, like {example}"),
    noted("write {address} for a network of 256 addresses; alone it would mean /32"),
    noted("the first that a host may have is {address}"),
    noted("the last that a host may have is {address}"),
    noted("use a unicast one"),
    noted("write default, or a network like {example}"),
    noted("the network is {network}"),
    noted("make the first byte even, such as 02"),
    noted("name one"),
    noted("name one of them: {names}"),
    noted("a port is below 65536, a protocol one of {names}"),
    noted("ask for an IPv4 address, or with packets: {command}"),
    noted("it has: {names}"),
    noted("there are: {names}"),
    noted("there are {names}"),
    noted("make a new one"),
    noted("make one here: {command}"),
    noted("make another: {command}"),
    noted("make a real one: {command}"),
    noted("make one that was: {command}"),
    noted("make a new one: {command}, or run the notebook from the top"),
    noted("make it again: {command}, or a new one: {more}"),
    noted("it changed nothing"),
    noted("nothing was changed"),
    noted("nothing was changed by it"),
    noted("nothing is left of it"),
    noted("done: up to {step}"),
    noted("not done: from {step}"),
    noted("what was done stays; {command} goes back"),
    noted("what was done stays; {command} takes it back"),
    noted("what it had done stays; {command} goes back"),
    noted("what you asked for had been done already"),
    noted("{command} takes it back"),
    noted("the lab is as it was before"),
    noted("the lab is gone; {command} makes a new one"),
    noted("wait until it is done"),
    noted("nothing has been changed yet"),
    noted("lab.history lists all of them"),
    noted("lab.history lists the steps"),
    noted("look at what there is: {command}"),
    noted("stop one: {command}"),
    noted("steps count from 1, as in its table"),
    noted("run the cell with its card, or {command}"),
    noted("begin again: {command}"),
    noted("ask for it while the lab is there; its text is there anyway: {command}"),
    noted(
        'write "eth0" for a link of the host, "ns1/eth0" for one of a namespace, "ns1/*" for '
        "all of its links"
    ),
)
"""Lines of advice: a hint may have several."""

_PARTS = {"the host": "host"}
"""A namespace has one name in all languages: that of its box in the picture."""

_operations = Phrases(OPERATIONS)
_causes = Phrases(CAUSES, _PARTS)
_hints = Phrases(HINTS)


def told(error: NslabError) -> str:
    """All that an error says, in the reader's language; in English if it is not known."""
    parts = None if isinstance(error, NotMet) else _parts(error)
    if parts is None:
        return str(error)
    what, cause, hints = parts
    words = say("cannot {what}: {cause}") if cause else say("cannot {what}")
    first = words.format(what=what, cause=cause)
    return printable_lines("\n".join([first, *(f"  → {typed(line)}" for line in hints)]))


def reason(error: NslabError) -> str:
    """The cause of an error, with its advice in brackets, on one line."""
    said = _reasons(error)
    cause, hints = (error.cause, error.hint.splitlines()) if said is None else said
    return printable_lines(f"{cause} ({'; '.join(hints)})" if hints else cause)


def cause(error: NslabError) -> str:
    """The cause of an error alone."""
    return printable_lines(known(error.cause))


def known(cause: str) -> str:
    """A cause, in English if it is not known; it stands behind a colon, or for itself."""
    return _causes.say(cause) or cause


def _parts(error: NslabError) -> tuple[str, str, list[str]] | None:
    """An error in three parts, if all of them are known."""
    what = _what(" ".join(filter(None, (error.operation, error.subject))))
    reasons = _reasons(error)
    return None if what is None or reasons is None else (what, *reasons)


def _reasons(error: NslabError) -> tuple[str, list[str]] | None:
    """Cause and advice, if both are known."""
    cause = _causes.say(error.cause) if error.cause else ""
    hints = _hints.say_all(error.hint.splitlines())
    return None if cause is None or hints is None else (cause, hints)


def _what(text: str) -> str | None:
    """What cannot be done; where a namespace is named at its end, it stays there."""
    said = _operations.say(text)
    if said is not None and " in " not in text:
        return said
    what, inside, place = text.rpartition(" in ")
    if inside and " " not in place and (said := _operations.say(what)) is not None:
        return say("{what} in {place}").format(what=said, place=place)
    return _operations.say(text)


__all__ = ["CAUSES", "HINTS", "OPERATIONS", "cause", "known", "reason", "told"]
