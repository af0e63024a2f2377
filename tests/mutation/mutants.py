"""Faults that are put in, one at a time: each must be found by what runs for a commit."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """``was`` stands in exactly one file of the package."""

    name: str
    was: str
    becomes: str
    tests: tuple[str, ...]
    chosen: str = ""
    """For pytest's -k; only to save time: all of them run for a commit."""


SAME = "tests/contract/test_same.py"
STATE = "tests/contract/test_state.py"

MUTANTS = (
    # -- the agent
    Mutant(
        "agent: a broadcast address one too low",
        "hosts = (1 << (32 - length)) - 1\n",
        "hosts = (1 << (32 - length)) - 2\n",
        (SAME,),
        "local",
    ),
    Mutant(
        "agent: a route's metric is dropped",
        "metric=_U32.unpack(metric)[0] if metric else 0,",
        "metric=0,",
        (STATE,),
        "local",
    ),
    Mutant(
        "agent: a route over a dead link looks alive",
        "dead=link is not None and not link.flags & uapi.IFF_LOWER_UP,",
        "dead=False,",
        (SAME, STATE),
        "local",
    ),
    Mutant(
        "agent: multicast entries are shown as learned",
        "if family != uapi.AF_BRIDGE or not mac or mac[0] & 1:",
        "if family != uapi.AF_BRIDGE or not mac:",
        (STATE,),
        "local",
    ),
    Mutant(
        "agent: a new namespace is not settled",
        "        if key != but and (fresh or _as_born(key)):\n",
        "        if key == but:\n",
        (SAME, "tests/kernel/test_lab.py"),
        "local or settings or documented",
    ),
    Mutant(
        "agent: unshare itself counts as the container",
        "found[inode][0].insert(0, pid)",
        "found[inode][0].append(pid)",
        (SAME, STATE, "tests/kernel/test_lab.py"),
        "container or local",
    ),
    Mutant(
        "network: a translated network loses its mask",
        '            return f"{address}/{length}"\n',
        "            return address\n",
        (SAME,),
        "local and asquerade",
    ),
    Mutant(
        "agent: a capture that is full goes on",
        "            self._left = (0, 0)  # the first that has no room ends it: no gaps\n",
        "",
        ("tests/kernel/test_recording.py",),
    ),
    # -- the picture
    Mutant(
        "draw: a port that waits is not said to",
        'link.state == "up" and link.port.state != "forwarding":',
        'link.state == "up" and link.port.state == "blocking":',
        ("tests/unit/test_draw.py", "tests/unit/test_draw_calm.py", "tests/unit/test_words.py"),
    ),
    Mutant(
        "draw: cables that are gone look new",
        '            mark = "gone"\n        elif self.diff',
        '            mark = "new"\n        elif self.diff',
        ("tests/unit/test_draw.py",),
    ),
    Mutant(
        "draw: a cable with one end down looks up",
        'one.state == "up" == other.state, mark',
        'other.state == "up", mark',
        ("tests/unit/test_draw.py",),
    ),
    Mutant(
        "draw: the trail is a step ahead",
        "if mark.number <= step)",
        "if mark.number <= step + 1)",
        ("tests/unit/test_draw_trail.py", "tests/unit/test_draw_way.py"),
    ),
    # -- why
    Mutant(
        "diagnose: an interface that is down is no reason",
        "                if not link.up:\n                    message = sentence(\n",
        "                if False:\n                    message = sentence(\n",
        ("tests/unit/test_obstacles.py",),
    ),
    Mutant(
        "live: after a quick telling it rests as long as after a slow one",
        "return min(GAP, max(SHORT_GAP, SHARE * took))",
        "return GAP",
        ("tests/unit/test_live.py",),
        "rest",
    ),
    Mutant(
        "draw: cables come down wherever their namespace is, also below another one",
        'return self.aside.get(far[0].name if far else "", there.middle[0])',
        "return there.middle[0]",
        ("tests/unit/test_draw_narrow.py",),
        "rows",
    ),
    Mutant(
        "draw: the arrowheads of a journey point back",
        "to = (other[0] - one[0]) // long, (other[1] - one[1]) // long",
        "to = (one[0] - other[0]) // long, (one[1] - other[1]) // long",
        ("tests/unit/test_draw_trail.py",),
        "arrowheads",
    ),
    Mutant(
        "draw: a port that comes stands anywhere, not above its other end",
        "return None if was is None else was + (far[1].w - port.w) // 2",
        "return None",
        ("tests/unit/test_draw_changes.py",),
        "above_its_other_end",
    ),
    Mutant(
        "draw: no tag of a journey stands above the picture",
        "Rect(2, -_ABOVE, placed.width - 4, placed.height - 2 + _ABOVE)",
        "Rect(2, 2, placed.width - 4, placed.height - 4)",
        ("tests/unit/test_draw_trail.py",),
        "stands_at_it",
    ),
    Mutant(
        "draw: who was on a floor takes the first one with room",
        "        for number in count() if was is None else (was,):\n",
        "        for number in count():\n",
        ("tests/unit/test_draw_floors.py",),
        "stays_there",
    ),
    Mutant(
        "draw: bridges go to floors though long addresses in two rows would do",
        "for docks in both if length(docks) <= room), None)",
        "for docks in both[:1] if length(docks) <= room), None)",
        ("tests/unit/test_draw_floors.py",),
        "two_rows",
    ),
    Mutant(
        "draw: a cable between floors runs around the lower bridge",
        "if far.get(_key(slot) or (False, 0, 0)) in there]",
        "if far.get(_key(slot) or (False, 0, 0)) in risen]",
        ("tests/unit/test_draw_floors.py",),
        "below_each_other",
    ),
    Mutant(
        "draw: a tag of a journey may touch what is beside it",
        "_CLEAR, _ROOMY = 3, 6\n",
        "_CLEAR, _ROOMY = 0, 0\n",
        ("tests/unit/test_draw_callouts.py",),
        "lessons_journey",
    ),
    Mutant(
        "why: what is within a sentence stays English",
        "            if here is value and isinstance(value, Sentence):\n",
        "            if False:\n",
        ("tests/unit/test_why_words.py",),
    ),
    Mutant(
        "diagnose: a port learns for twice as long",
        'wait = delay * (2 if state == "listening" else 1)',
        'wait = delay * (2 if state == "learning" else 1)',
        ("tests/unit/test_obstacles.py",),
    ),
    Mutant(
        "diagnose: a default route where there is one",
        "        if where in known:\n",
        "        if where not in known:\n",
        ("tests/unit/test_obstacles.py",),
    ),
    Mutant(
        "diagnose: a wrong gateway is replaced, the old one stays",
        "DeleteRoute(route.destination, via=route.via, ns=inside),\n            AddRoute(",
        "AddRoute(",
        ("tests/unit/test_obstacles.py", "tests/kernel/test_why.py"),
    ),
    # -- widgets
    Mutant(
        "builder: two steps at a time",
        "            self._do.disabled = busy\n",
        "            self._do.disabled = False\n",
        ("tests/unit/test_builder.py",),
    ),
    Mutant(
        "builder: the log's lines explain nothing",
        "        lines = list(map(typed, told))\n",
        "        lines = list(map(html.escape, told))\n",
        ("tests/unit/test_glosses.py",),
    ),
    Mutant(
        "player: what was taken back elsewhere counts as done",
        "        while self._done and count < self._done[-1][1]:\n",
        "        while False:\n",
        ("tests/unit/test_player.py",),
    ),
    Mutant(
        "player: nothing to resume after one step",
        "if 0 < saved < len(lesson.steps):",
        "if 1 < saved < len(lesson.steps):",
        ("tests/unit/test_player.py",),
    ),
    Mutant(
        "live: a choice is lost by a redraw",
        "self.value = chosen if chosen in there else next(iter(there), None)\n",
        "pass\n",
        ("tests/unit/test_live.py",),
    ),
    Mutant(
        "choices: what is chosen while a list is filled is lost",
        'with self._guard:\n            place = sync_data.get("index")',
        'if True:\n            place = sync_data.get("index")',
        ("tests/unit/test_at_once.py",),
    ),
    Mutant(
        "work: the end of a job is told after the next one's beginning",
        "        with self._telling:\n            if self._told",
        "        if True:\n            if self._told",
        ("tests/unit/test_at_once.py",),
    ),
    Mutant(
        "inspector: a frame that is open is opened anew",
        "if self._opened is not None and self._opened.frame == opened.frame:",
        "if self._opened is not None and self._opened.frame != opened.frame:",
        ("tests/unit/test_inspector.py",),
    ),
    # -- going back
    Mutant(
        "history: what leaves no difference is no change",
        "            if not failed or not failed_entirely(",
        "            if failed and not failed_entirely(",
        ("tests/unit/test_history.py",),
    ),
    Mutant(
        "history: what was stopped is told as it was typed",
        "        if not (isinstance(self.what, Typed) and self.ending):",
        "        if not (isinstance(self.what, Made) and self.ending):",
        ("tests/unit/test_history.py",),
    ),
    Mutant(
        "looking: a redirection into a file looks",
        'good = known and token.text == "/dev/null"',
        "good = known",
        ("tests/unit/test_looking.py",),
    ),
    Mutant(
        "making: a rule behind the others is put before them",
        'yield ("-A", name, *rest)',
        'yield ("-I", name, *rest)',
        ("tests/kernel/test_making.py",),
    ),
    # -- the session
    Mutant(
        "history: what was stopped runs again",
        "        if not (isinstance(self.what, Typed) and self.ending):\n",
        "        if True:\n",
        ("tests/kernel/test_undo.py",),
    ),
    Mutant(
        "hints: a link is looked for where it is not",
        '            if one is not self.here and one.role != "world" and link in own:\n',
        '            if one is self.here and one.role != "world" and link in own:\n',
        ("tests/kernel/test_habits.py",),
    ),
    Mutant(
        "output: the end of much output is not shown",
        "            held = held[begin:]\n",
        '            held = ""\n',
        ("tests/unit/test_output.py",),
    ),
    Mutant(
        "naming: two labs of one name",
        "    while found in taken:\n",
        "    while False:\n",
        ("tests/unit/test_naming.py",),
    ),
    # -- exercises
    Mutant(
        "verdict_words: a verdict is half German where a part of it is not known",
        "    return None if cause == text else cause\n",
        "    return cause\n",
        ("tests/unit/test_verdict_words.py",),
        "stays_english",
    ),
    Mutant(
        "grading: what the kernel says goes out of the box as it is",
        "unmet = tuple(str(verdict.message) for verdict in verdicts if not verdict)",
        "unmet = tuple(verdict.message for verdict in verdicts if not verdict)",
        ("tests/unit/test_verdict_words.py",),
        "marks",
    ),
    Mutant(
        "answers: a verdict is said below every cell",
        "if lab.alive and lab.steps != steps]\n",
        "if lab.alive]\n",
        ("tests/unit/test_answers.py",),
    ),
    Mutant(
        "answers: an answer goes into the lab in use",
        "        lab = own[-1]\n",
        "        lab = used\n",
        ("tests/unit/test_answers.py",),
    ),
    Mutant(
        "card: what another cell showed is changed",
        "        self._said = None  # what another cell has shown is how it stood then\n",
        "",
        ("tests/unit/test_answers.py",),
    ),
    Mutant(
        "diagnose: any address that is free, though the link had one",
        "    again = [each for each in own if each.network == network]\n",
        "    again: list[IPv4Interface] = []\n",
        ("tests/unit/test_former.py",),
    ),
    Mutant(
        "diagnose: the address of another link is given away",
        "    others.sort(key=lambda host: host in missed)\n",
        "",
        ("tests/unit/test_former.py",),
    ),
    Mutant(
        "exercises: a prediction is judged by the learner's lab",
        "    alone = answers.verdicts[choice.id]\n",
        "    alone = own\n",
        ("tests/unit/test_exercises.py",),
    ),
    Mutant(
        "exercises: an answer stays open while its lab is changed",
        "    return bool(lab.history or lab.changes.lasting)\n",
        "    return False\n",
        ("tests/unit/test_card.py",),
    ),
    Mutant(
        "rest: who has come in from outside is put to rest again",
        "        woken._may_rest = False",
        "        woken._may_rest = True",
        ("tests/kernel/test_resting.py",),
    ),
    Mutant(
        "progress: what could not be kept is forgotten",
        "    waiting[name] = record\n",
        "    waiting.clear()\n    waiting[name] = record\n",
        ("tests/unit/test_progress.py",),
    ),
    Mutant(
        "picture: a tunnel's key is of no account",
        "return at and wanted and known and port and one.key_out == other.key_in",
        "return at and wanted and known and port",
        ("tests/unit/test_draw_wires.py",),
    ),
    Mutant(
        "picture: every policy drop stands at the gate",
        "            here = [line for line in lines if line.forwards]\n",
        '            here = [line for line in lines if line.role == "policy"]\n',
        ("tests/unit/test_draw_policies.py",),
    ),
    Mutant(
        "agent: filters of tc are heard of with the next change of something else",
        "_ROUTE_GROUPS = (1, 3, 4, 5, 7, 8, 9, 11, 24)",
        "_ROUTE_GROUPS = (1, 3, 5, 7, 8, 9, 11, 24)",
        ("tests/kernel/test_wires.py",),
    ),
    Mutant(
        "why: the filter is to blame for what was on a wrong way",
        "    return _astray(search) or _decided(search, ruling)\n",
        "    return _decided(search, ruling)\n",
        ("tests/unit/test_obstacles.py",),
    ),
    Mutant(
        "why: an ipvlan in mode l3 tells its MAC",
        "            mute = _mute(where, other) if routed(other) else None\n",
        "            mute = None\n",
        ("tests/unit/test_why_switches.py",),
    ),
    Mutant(
        "why: an address with /32 is a mistake wherever it is",
        "for each in alone if not any(each.ip in network for network in elsewhere)]",
        "for each in alone]",
        ("tests/unit/test_why_switches.py",),
    ),
)
