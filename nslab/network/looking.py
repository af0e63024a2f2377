"""Whether command lines provably only look: what they do then leaves everything as it was.

For whoever keeps a history, and for whoever warns.  In doubt the answer is no: every program that
is not known, every redirection into a file, every loop and every substitution counts as a change.
:mod:`nslab.jupyter.lines` reads the same language for hints: it guesses where this one gives up.

>>> only_looks("ip -br addr | grep eth0; ping -c1 10.0.0.1 >/dev/null 2>&1 || echo lost")
True
>>> only_looks("ip link set eth0 up"), only_looks("ip link > links.txt")
(False, False)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

SOMETHING = "\0"
"""Stands in a word for what only the shell can tell: the value of a variable."""


class Simple(NamedTuple):
    """A simple command: its words, the line it begins on, and what stands before it.

    ``joint`` is ``;`` (also for a new line), ``&&``, ``||``, ``|``, or ``&`` for what stands behind
    a command in the background.
    """

    words: tuple[str, ...]
    line: int
    joint: str = ";"


class _Unclear(Exception):
    """More than simple commands, or something whose meaning only the shell knows."""


def only_looks(text: str, *, living: bool = False) -> bool:
    """Whether lines, as a person types them for bash, provably change nothing.

    :param living: they are typed into a shell that goes on afterwards, so that a directory, a
        variable or an option that they leave is a change, too
    """
    found = simple_commands(text)
    return found is not None and all(looks(each.words, living=living) for each in found)


def redefines(text: str) -> bool:
    """Whether lines may give the name of a program another meaning in a shell that goes on."""
    return _REDEFINES.search(text) is not None


_REDEFINES = re.compile(
    r"\(\s*\)|\b(function|alias|source|eval|PATH|enable|hash|trap|DEBUG|PROMPT_COMMAND)\b"
    r"|(^|[\s;&|])\.\s"
)


def failed_entirely(text: str, failed: Sequence[int], *, living: bool = False) -> bool:
    """Whether every command that may change something failed.

    :param text: the lines
    :param failed: the number of the line of each command that failed
    :param living: as for :func:`only_looks`
    """
    found = simple_commands(text)
    if found is None:
        return False
    left = list(failed)
    for place, each in enumerate(found):
        if looks(each.words, living=living):
            continue
        follows = found[place + 1].joint if place + 1 < len(found) else ";"
        # Of a list of && and || bash reports the last command only; of a pipe, too.
        if each.joint != ";" or follows not in (";",) or each.line not in left:
            return False
        left.remove(each.line)
    return True


def looks(words: Sequence[str], *, living: bool = False) -> bool:
    """Whether a simple command provably changes nothing."""
    words = [*words]
    while words[:1] == ["!"] or (words[:1] == ["time"] and len(words) > 1):
        del words[0]
    if not words:
        return True
    program, *rest = words
    program = program.rpartition("/")[2] if program.startswith(_PLACES) else program
    if program in _HARMLESS:
        return True
    if not living and (program in _OF_THE_SHELL or _ASSIGNMENT.match(program)):
        return not rest if _ASSIGNMENT.match(program) else True
    known = _KNOWN.get(program)
    return known is not None and known(rest)


_PLACES = ("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/")
_ASSIGNMENT = re.compile(r"(?!PATH\b|BASH_ENV\b|LD_)\w+=")
_OF_THE_SHELL = frozenset("cd pushd popd set shopt unset umask ulimit exit".split())
"""What is over with a shell that ends."""

_HARMLESS = frozenset(
    "ping ping6 traceroute traceroute6 tracepath mtr nslookup dig host getent netstat "
    "cat ls head tail wc grep egrep fgrep zgrep cut tr nl tac rev column jq diff cmp stat "
    "du df free uptime uname whoami id ps pgrep pidof pwd type which whereis man help lsns lsmod "
    "lsof readlink realpath basename dirname seq echo true false : test [ sleep wait jobs "
    "nstat lnstat ipcalc tty locale nproc lscpu printenv hexdump md5sum sha256sum strings fold "
    "expr".split()
)
"""Programs that change nothing, whatever they are asked for; whom they ask may learn of them."""


# -- programs that look when they are asked in some ways ----------------------------------------


def _without(letters: str, *long: str) -> Callable[[Sequence[str]], bool]:
    """Looks unless an option has one of these letters, or is one of these long ones."""

    def judge(words: Sequence[str]) -> bool:
        for word in words:
            short = word.startswith("-") and not word.startswith("--")
            # What only the shell knows may be any option.
            if SOMETHING in word or word.startswith(long) or (short and set(word) & set(letters)):
                return False
        return True

    return judge


def _only(pattern: str) -> Callable[[Sequence[str]], bool]:
    """Looks if the words, joined, are all of this form."""
    form = re.compile(pattern)
    return lambda words: form.fullmatch(" ".join(words)) is not None


def _ip(words: Sequence[str]) -> bool:
    rest = _behind_options(words)
    if rest is None:
        return False
    if not rest:
        return True
    thing, *more = rest
    if SOMETHING in thing:
        return False
    if thing == "monitor" or not more:
        return True
    if thing in ("netns", "netn") and more[0] in ("exec", "exe"):
        return len(more) > 2 and SOMETHING not in more[2] and looks(more[2:])
    return more[0] in (_NETNS_VERBS if thing.startswith("netn") else _VERBS)


_VERBS = frozenset("sh sho show li lis list lst ls l get help".split())
"""As iproute2 takes them; a lone ``s`` is ``set`` of a link."""
_NETNS_VERBS = frozenset("show list lst ls identify pids monitor list-id help".split())
_IP_PLAIN = re.compile(
    r"-(0|4|6|[BDMNhajops]+|br(i|ie|ief)?|c(olor)?(=\w+)?|d(etails?)?|s(tat\w*)?|r(esolve)?|json"
    r"|p(retty)?|o(neline)?|t(imestamp)?|ts(hort)?|a(ll)?|h(uman\w*)?|V(ersion)?|iec|echo|N(umeric)?)"
)
_IP_VALUED = frozenset("-n -netns -f -family -l -loops -rc -rcvbuf".split())


def _behind_options(words: Sequence[str]) -> list[str] | None:
    """What follows the options of ip, bridge or tc; None if there is one that is not known."""
    left = list(words)
    while left and left[0].startswith(("-", SOMETHING)):
        if left[0] in _IP_VALUED:
            del left[:2]
        elif _IP_PLAIN.fullmatch(left[0].replace("--", "-", 1)):
            del left[0]
        else:
            return None
    return left


def _tables(words: Sequence[str]) -> bool:
    """iptables and its kin: -L or -S, and no other command."""
    listing = False
    for word in words:
        if SOMETHING in word:
            return False
        if word.startswith("--"):
            if word.partition("=")[0] not in _LONG:
                return False
            listing |= word.startswith(("--list", "--list-rules"))
        elif word.startswith("-"):
            if not set(word[1:]) <= set("LSntvxw46"):
                return False
            listing |= bool(set(word[1:]) & set("LS"))
    return listing or [*words] in (["-V"], ["--version"], ["-h"], ["--help"])


_LONG = frozenset(
    "--list --list-rules --verbose --numeric --line-numbers --table --exact --wait --Ln --Lc "
    "--Lmac2".split()
)


def _inside(valued: frozenset[str], plain: str) -> Callable[[Sequence[str]], bool]:
    """What runs another program: looks if that does."""
    form = re.compile(plain)

    def judge(words: Sequence[str]) -> bool:
        left = list(words)
        while left and left[0].startswith("-"):
            if left[0] in valued:
                del left[:2]
            elif form.fullmatch(left[0]):
                del left[0]
            else:
                return False
        return bool(left) and SOMETHING not in left[0] and looks(left)

    return judge


def _timeout(words: Sequence[str]) -> bool:
    left = list(words)
    while left and left[0].startswith("-"):
        del left[: 2 if left[0] in ("-s", "-k", "--signal", "--kill-after") else 1]
    return len(left) > 1 and SOMETHING not in left[1] and looks(left[1:])


def _shell(words: Sequence[str]) -> bool:
    return len(words) == 2 and words[0] == "-c" and only_looks(words[1])


def _docker(words: Sequence[str]) -> bool:
    if any(SOMETHING in word for word in words[:2]):
        return False
    verbs = tuple(words[:2])
    return verbs[:1] in _DOCKER or verbs in _DOCKER


_DOCKER = {
    *(
        (word,)
        for word in "ps images inspect logs info version stats top port history diff".split()
    ),
    *(
        (thing, verb)
        for thing in ("network", "container", "image", "volume")
        for verb in ("ls", "list", "inspect")
    ),
}


def _sysctl(words: Sequence[str]) -> bool:
    options = [word for word in words if word.startswith("-")]
    if not set("".join(options)) <= set("-naANebx") and options != ["--all"]:
        return False
    return not any(SOMETHING in word or "=" in word for word in words)


def _sed(words: Sequence[str]) -> bool:
    """A script that prints or replaces, read from nothing but a word."""
    options = [word for word in words if word.startswith("-")]
    scripts = [word for word in words if not word.startswith("-")][:1]
    plain = all(option in ("-n", "-e", "-E", "-r") for option in options)
    return plain and all(re.fullmatch(r"[\d$,]*[pdq]|s/[^/;]*/[^/;]*/g?p?", one) for one in scripts)


def _awk(words: Sequence[str]) -> bool:
    return not any(word.startswith(("-f", "-i", "-v")) for word in words) and not any(
        re.search(r"system|getline|[>|]|close|\0", word) for word in words
    )


_KNOWN: Mapping[str, Callable[[Sequence[str]], bool]] = {
    "ip": _ip,
    "bridge": _ip,
    "tc": _ip,
    "brctl": _only(r"(show|showmacs|showstp)( [^\0]*)?"),
    "ifconfig": _only(r"((-a|-s|-v)( |$))*[\w.@-]*"),
    "route": _only(r"(-(n|e|ee|ne|en|nee|v|4|6)( |$))*"),
    "arp": lambda words: all(re.fullmatch(r"-[aenv]+|[\w.:]+", word) for word in words),
    "ss": _without("KD", "--kill", "--diag"),
    "tcpdump": _without("wz", "--postrotate"),
    "tshark": _without("wb", "--"),
    "arping": _without("UAPSs"),
    "iptables": _tables,
    "ip6tables": _tables,
    "iptables-nft": _tables,
    "iptables-legacy": _tables,
    "ip6tables-legacy": _tables,
    "ebtables": _tables,
    "arptables": _tables,
    "iptables-save": _without("fM", "--file", "--mod"),
    "ip6tables-save": _without("fM", "--file", "--mod"),
    "nft": _only(
        r"(-[ansjyptNSe]+ |--(handle|stateless|json|numeric) )*(list|monitor)( [^;\n\0]*)?"
    ),
    "sysctl": _sysctl,
    "ethtool": _only(r"(-[iSkcgalmTx] )?[\w.-]+"),
    "conntrack": lambda words: (
        words[:1] in (["-L"], ["-E"], ["-C"], ["-S"], ["-G"]) and _without("zDFUI", "--")(words[1:])
    ),
    "sort": _without("oT", "--output", "--temp", "--compress"),
    "uniq": lambda words: len([word for word in words if not word.startswith("-")]) < 2,
    "find": lambda words: (
        not any(
            SOMETHING in word or re.match(r"-(delete|exec|ok|fprint|fls)", word) for word in words
        )
    ),
    "hostname": _only(r"(-[fisdI])?"),
    "date": _only(r"(-[uIR] ?)*(\+.*)?"),
    "printf": lambda words: not words or not words[0].startswith(("-", SOMETHING)),
    "sed": _sed,
    "awk": _awk,
    "curl": _only(
        r"((-[sSvIiLk46f]+|--(silent|head|verbose|fail|ipv4|ipv6|insecure)"
        r"|(-m|--max-time|--connect-timeout|--interface|-H) [^ \0]+|[^- ][^ ]*)( |$))*"
    ),
    "nc": lambda words: bool(words) and "z" in words[0] and words[0].startswith("-"),
    "env": lambda words: not words,
    "docker": _docker,
    "sudo": _inside(frozenset(), r"-[En]"),
    "nsenter": _inside(
        frozenset(("-t", "--target")), r"-[nmuipUC]+(=\S+)?|--(net|mount|uts|ipc|pid|user)(=\S+)?"
    ),
    "timeout": _timeout,
    "bash": _shell,
    "sh": _shell,
}


# -- from text to simple commands ---------------------------------------------------------------


def simple_commands(text: str) -> list[Simple] | None:
    """The simple commands of lines for bash, in their order; None if there is more to them."""
    try:
        return list(_commands(_tokens(text)))
    except _Unclear:
        return None


class _Token(NamedTuple):
    kind: str
    """word, joint or redirection."""
    text: str
    line: int


def _commands(tokens: Iterator[_Token]) -> Iterator[Simple]:
    words: list[str] = []
    line, joint, target = 0, ";", ""
    for token in tokens:
        if target:
            _check_target(target, token)
            target = ""
        elif token.kind == "redirection":
            target = token.text
        elif token.kind == "word":
            line = line if words else token.line
            words.append(token.text)
        else:
            if words:
                yield Simple(tuple(words), line, joint)
                words = []
            elif token.text == ";":
                continue  # a blank line; behind && or | the list goes on
            else:
                raise _Unclear
            if token.text == "&":
                raise _Unclear  # it goes on running
            joint = token.text
    if target:
        raise _Unclear
    if words:
        yield Simple(tuple(words), line, joint)


def _check_target(redirection: str, token: _Token) -> None:
    """Only into nothing, or into another stream of the command."""
    known = token.kind == "word" and SOMETHING not in token.text
    if redirection.endswith("<"):
        good = known and redirection in ("<", "0<")
    elif redirection.endswith("&"):
        good = known and token.text in ("0", "1", "2")
    else:
        good = known and token.text == "/dev/null"
    if not good:
        raise _Unclear


_BLANK = re.compile(r"(?:[ \t]|\\\n)+")
_COMMENT = re.compile(r"#[^\n]*")
_REDIRECTION = re.compile(r"&>>?|\d*(?:>>|>&|>\||<<<|<<|<&|<>|>|<)")
_JOINT = re.compile(r"&&|\|\||\|&|;;|;|\n|\||&")
_VARIABLE = re.compile(r"\$(?:\w+|[?#$!@*-]|\{\w+\})")
_EXPANDED = re.compile(r"[*?{]|\[.")
"""What the shell may make several words of."""
_PLAIN = re.compile(r"[^ \t\n\r\\'\"$`;&|<>()#]+|#")
"""To bash only blank, tab and newline end a word: a no-break space is in it."""


def _tokens(text: str) -> Iterator[_Token]:
    place, line = 0, 1
    while place < len(text):
        if (found := _BLANK.match(text, place)) or (found := _COMMENT.match(text, place)):
            pass
        elif found := _REDIRECTION.match(text, place):
            yield _Token("redirection", found[0], line)
        elif found := _JOINT.match(text, place):
            if found[0] in ("|&", ";;"):
                raise _Unclear
            yield _Token("joint", ";" if found[0] == "\n" else found[0], line)
        else:
            word, end = _word(text, place)
            if end == place:
                raise _Unclear
            yield _Token("word", word, line)
            line += text.count("\n", place, end)
            place = end
            continue
        line += found[0].count("\n")
        place = found.end()


def _word(text: str, start: int) -> tuple[str, int]:
    """A word as the program gets it, and where it ends."""
    parts: list[str] = []
    place = start
    while place < len(text):
        mark = text[place]
        if mark == "'":
            end = text.find("'", place + 1)
            if end < 0:
                raise _Unclear
            parts.append(text[place + 1 : end])
            place = end + 1
        elif mark == '"':
            part, place = _quoted(text, place + 1)
            parts.append(part)
        elif mark == "\\":
            if text[place : place + 2] != "\\\n":
                parts.append(text[place + 1 : place + 2])
            place += 2
        elif mark == "$":
            place = _variable(text, place)
            parts.append(SOMETHING)
        elif found := _PLAIN.match(text, place):
            parts.append(found[0])
            if _EXPANDED.search(found[0]):
                parts.append(SOMETHING)
            place = found.end()
        elif mark in "`()\r":
            raise _Unclear
        else:
            break
    return "".join(parts), place


def _quoted(text: str, place: int) -> tuple[str, int]:
    """What stands between double quotes, and where that ends."""
    parts: list[str] = []
    while place < len(text):
        mark = text[place]
        if mark == '"':
            return "".join(parts), place + 1
        if mark == "`":
            break
        if mark == "$" and text[place + 1 : place + 2] not in ('"', " ", ""):
            place = _variable(text, place)
            parts.append(SOMETHING)
        elif mark == "\\" and text[place + 1 : place + 2] in ("$", "`", '"', "\\", "\n"):
            parts.append(text[place + 1].strip("\n"))
            place += 2
        else:
            parts.append(mark)
            place += 1
    raise _Unclear


def _variable(text: str, place: int) -> int:
    """Behind a variable's name; what else may follow a dollar sign may run or set something."""
    found = _VARIABLE.match(text, place)
    if found is None:
        raise _Unclear
    return found.end()
