"""Programs that want a keyboard or a screen: noticed before a cell runs, or by what they say.

A cell has neither: its standard input is empty, its output is a pipe, and there is no terminal
behind it (``/dev/tty`` cannot be opened).  So nothing waits for ever.  But an editor would fill the
page with control characters, and ``bash`` or ``read`` would end at once and seem to have done what
they had not.  What can do its work without a terminal is left alone: ``less`` and ``man`` print
plainly, ``top -b`` prints lists.

Only a line whose meaning is clear counts; what stands in a loop or a function is left to
:func:`complained`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from nslab.errors import InvalidInput
from nslab.jupyter.grammar import table
from nslab.jupyter.lines import Command, commands

Words = list[str]

_ASKS = {"--version", "--help", "-h", "-V", "-v"}
"""What only tells about a program."""

_EDITORS = {
    *("vi", "vim", "nvim", "view", "vimdiff", "nano", "pico", "emacs", "micro", "joe", "ne", "jed"),
    *("mcedit", "visudo", "vipw", "vigr"),
}
_SCREENS = {
    *("top", "htop", "btop", "atop", "glances", "iotop", "iftop", "nethogs", "nload", "bmon"),
    *("iptraf", "iptraf-ng", "bwm-ng", "watch", "mc", "ranger", "nnn", "mtr", "tmux", "screen"),
    *("byobu", "zellij", "lynx", "w3m", "links", "elinks", "dialog", "whiptail", "nmtui", "tig"),
    *("cfdisk", "minicom", "alsamixer"),
}
_PLAIN_BY = table(
    """
    top: b
    iotop: b
    iftop: t
    nethogs: t
    atop: PRL
    mtr: rwlCxj
    vi: es
    vim: es
    nvim: es
    """
)
"""Letters of options with which a program is content without a screen."""

_PLAIN_WORDS = {
    *("--report", "--report-wide", "--raw", "--csv", "--xml", "--json", "--batch", "-batch"),
    *("--script", "-dump", "-source", "--dump"),
}
_SHELLS = {"bash", "sh", "dash", "zsh", "ksh", "fish", "ash", "rbash"}
_INTERPRETERS = {
    *(
        "python",
        "python3",
        "python2",
        "ipython",
        "ipython3",
        "bpython",
        "node",
        "irb",
        "lua",
        "ruby",
    ),
    *("perl", "tclsh", "R", "php", "ghci", "bc", "dc", "nslookup", "gdb"),
    *("ftp", "telnet"),
}
_CLIENTS = table(
    """
    mysql: -e --execute
    mariadb: -e --execute
    psql: -c --command -f --file -l --list
    sftp: -b
    mongosh: --eval
    vtysh: -c
    redis-cli: -h
    """
)
_SSH_VALUES = set("bcDEeFIiJLlmoOpQRSWw")
_ENGINES = {"docker", "podman", "nerdctl"}

_PYTHON = "a cell without %%host is Python; in the lab: python3 - <<'END', its lines, and END"
INSTEAD = {
    **dict.fromkeys(
        (*_EDITORS, "cat"), "to write a file, put its lines between: cat > FILE <<'END' and END"
    ),
    **dict.fromkeys(_ENGINES, "or without -it: docker exec NAME COMMAND"),
    **dict.fromkeys(("mysql", "mariadb"), "or give it the statement: mysql -e STATEMENT"),
    **dict.fromkeys(("python", "python3"), _PYTHON),
    "top": "for one look: top -b -n 1",
    "watch": "what changes shows in lab.live()",
    "mtr": "for a table at the end: mtr --report",
    "read": "or give it a value: name=value, or read name <<< value",
    "crontab": "to set it: crontab FILE",
    "ssh": "or give it a command: ssh HOST COMMAND",
}
"""What else helps, by program."""


@dataclass(frozen=True)
class Need:
    """A program that needs a terminal: its words, where it would run, and what else helps."""

    program: str
    ns: str | None = None
    instead: str = ""

    def error(self) -> InvalidInput:
        """What is said instead of running the cell."""
        where = f'"{self.ns}"' if self.ns else ""
        return InvalidInput(
            "run",
            f"{self.program} in a cell",
            "it waits for a keyboard, which a cell has not; nothing of the cell was run",
            f"lab.terminal({where}) opens a terminal there, where it works"
            + (f"\n{self.instead}" if self.instead else ""),
        )


def needed(text: str, ns: str | None = None) -> Need | None:
    """The first program of a cell that clearly needs a terminal.

    :param ns: where the cell is typed

    >>> needed("ip link\\nvim /etc/hosts").program
    'vim'
    >>> needed("vim --version; top -b -n1; python3 - <<E\\nE; less /etc/hosts; echo y | read x")
    """
    for command in commands(text):
        if not command.inside and (found := _of(command, ns)):
            return found
    return None


def _of(command: Command, ns: str | None) -> Need | None:
    words, ns, around = unwrapped(command.words, ns)
    if not words:
        if around in ("unshare", "nsenter", "chroot", "netns"):
            return _shell("bash", around, ns) if not command.given else None
        return None
    program, args = words[0].rpartition("/")[2], words[1:]
    if _ASKS.intersection(args):
        return None
    if program in _SHELLS:
        return None if command.given or not _scriptless(args) else _shell(program, around, ns)
    if wants := _wants(program, args, command):
        return Need(wants, ns, INSTEAD.get(program, ""))
    return None


def _wants(program: str, args: Words, command: Command) -> str:
    """How to call it, if it needs a terminal; else empty."""
    if program in _EDITORS | _SCREENS:
        return "" if _plain(program, args) else program
    if program in _ENGINES:
        return _interactive_container(program, args)
    if program == "crontab":
        return "crontab -e" if "-e" in args else ""
    if program == "nslab":
        return "nslab enter" if args[:1] == ["enter"] and "--" not in args else ""
    if command.given:
        return ""
    ask = _READING.get(program)
    return program if ask is not None and ask(args) else ""


def _shell(program: str, around: str, ns: str | None) -> Need:
    """A shell that would read what comes next at a terminal, but not in a cell."""
    if around == "netns":
        return Need(program, ns, f"or begin a cell with %%ns {ns}: its lines are typed there")
    if around:
        return Need(program, ns, f"or have it run a command: {around} … COMMAND")
    return Need(program, ns, "the lines of a cell are typed into a shell already")


# -- what may stand in front of a program ----------------------------------------------------------

_VALUED = table(
    """
    sudo: u g p C h r R t T U D
    env: u C S
    nice: n
    ionice: c n
    timeout: k s
    stdbuf: i o e
    exec: a
    time: f o
    strace: e o s p
    nsenter: t S G r
    unshare: S G R w
    setsid:
    nohup:
    command:
    builtin:
    busybox:
    chroot:
    """
)
"""Programs that run what follows them, and the letters of their options that take a value."""

_PLACES = ("nsenter", "unshare", "chroot")


def unwrapped(words: Words, ns: str | None) -> tuple[Words, str | None, str]:
    """What is run in the end, in which namespace, and what changes the place in front of it."""
    around = ""
    while words:
        program = words[0].rpartition("/")[2]
        if program == "ip" and words[1:3] == ["netns", "exec"] and len(words) > 3:
            ns, words, around = words[3], words[4:], "netns"
        elif program in _VALUED:
            letters = _VALUED[program]
            if program == "strace" and any(word.startswith("-p") for word in words):
                return words, ns, around
            if program == "command" and words[1:2] and words[1] in ("-v", "-V"):
                return [], ns, ""
            words = _behind_options(words[1:], letters, program)
            around = program if program in _PLACES else around
        else:
            break
    return words, ns, around


def _behind_options(words: Words, letters: str, program: str) -> Words:
    while words:
        word = words[0]
        if word == "--":
            words = words[1:]
            break
        if word.startswith("-") and len(word) > 1:
            takes = not word.startswith("--") and word[-1] in letters and len(word) == 2
            takes |= word == "--target"
            words = words[2:] if takes else words[1:]
        elif program in ("env", "sudo") and re.match(r"\w+=", word):
            words = words[1:]
        else:
            break
    # The time of timeout, the directory of chroot.
    return words[1:] if program in ("timeout", "chroot") else words


# -- programs and what they are content with -------------------------------------------------------


def _plain(program: str, args: Words) -> bool:
    """Whether a program with a screen is asked to do without."""
    if _PLAIN_WORDS.intersection(args):
        return True
    letters = set(_PLAIN_BY.get(program, ""))
    if letters and any(letters & set(word[1:]) for word in args if re.match(r"-\w", word)):
        return True
    if program in ("tmux", "screen", "byobu", "zellij"):
        attached = not args or args[0] in ("attach", "a", "at", "new", "new-session", "-r", "-S")
        return not attached or any(re.match(r"-[a-zA-Z]*d", word) for word in args)
    return False


def _scriptless(args: Words) -> bool:
    """Whether a shell is given neither a script nor a command."""
    rest = list(args)
    while rest:
        word = rest.pop(0)
        if word in ("-o", "-O", "+O", "+o", "--rcfile", "--init-file"):
            rest = rest[1:]
        elif re.match(r"-\w*c", word) or not word.startswith(("-", "+")):
            return False
        elif word == "--":
            return not rest
    return True


def _codeless(args: Words) -> bool:
    """The same of an interpreter: no file, no code, no module."""
    for word in args:
        if word == "-":
            return True
        if not word.startswith("-") or re.match(r"-(-eval|-batch|batch|\w*[cmenpr])", word):
            return False
    return True


def _commandless(args: Words) -> bool:
    """Whether ssh is given a host and nothing to do there."""
    rest, hosts = list(args), 0
    while rest:
        word = rest.pop(0)
        if word.startswith("-"):
            if any(letter in word for letter in "NfGOQV"):
                return False
            rest = rest[1:] if word[-1] in _SSH_VALUES and len(word) == 2 else rest
        else:
            hosts += 1
    return hosts == 1


def _interactive_container(program: str, args: Words) -> str:
    if not args or args[0] not in ("run", "exec", "attach", "start"):
        return ""
    if args[0] == "attach":
        return f"{program} attach"
    options = []
    for word in args[1:]:
        if not word.startswith("-"):
            break
        options.append(word)
    letters = {letter for word in options if re.match(r"-\w", word) for letter in word[1:]}
    letters |= {word[2] for word in options if word in ("--interactive", "--tty", "--detach")}
    return f"{program} {args[0]} -it" if {"i", "t"} <= letters and "d" not in letters else ""


def _without(plain: Words, args: Words) -> bool:
    return not any(word.partition("=")[0] in plain or word[:2] in plain for word in args)


def _asks_a_line(args: Words) -> bool:
    return not any(re.match(r"-\w*[tu]", word) for word in args)


def _no_file(args: Words) -> bool:
    return not any(word == "-" or not word.startswith("-") for word in args) or args == ["-"]


_READING: dict[str, Callable[[Words], bool]] = {
    **dict.fromkeys(_INTERPRETERS, _codeless),
    **{name: partial(_without, plain.split()) for name, plain in _CLIENTS.items()},
    "ssh": _commandless,
    "read": _asks_a_line,
    "cat": _no_file,
    "passwd": lambda args: True,
    "script": lambda args: not any(re.match(r"-\w*c", word) for word in args),
}
"""Programs that read what is typed, and whether they would with these words."""


# -- what was not seen before ----------------------------------------------------------------------

_COMPLAINT = re.compile(
    r"not (from|to) a terminal|not a (tty|terminal)|failed tty get|opening terminal|/dev/tty|"
    r"stdin is not a|connected to a terminal|no tty present|a terminal is required|requires a tty|"
    r"terminal is not fully functional|unknown terminal|TERM environment variable|need.{0,20} tty|"
    r"inappropriate ioctl|needs a terminal",
    re.IGNORECASE,
)


def complained(printed: str) -> bool:
    """Whether a program said in its own words that it misses a terminal."""
    return _COMPLAINT.search(printed) is not None
