"""Which tier each test is in, and which tests a run takes.

There are three:

``per-commit``
    Runs for every commit, once.  Root has an ordinary user run it, where there is a choice.
``root-smoke``
    Runs for every commit, and once more as root: what root's own way through the code decides
    (maps of users, settings of the machine, permissions, life and end of a lab, isolation).
``nightly``
    Is long, or much like another test.  CI runs a tenth of it for every commit, drawn by the
    commit's id.

What a test is in is the first of: a marker on it (``per_commit``, ``root_smoke``, ``nightly``), the
first row of :data:`TABLE` that its name matches, ``per-commit``.  Root's repetition of a test that
is not in ``root-smoke`` counts as nightly; of those that are nightly themselves root repeats a
tenth of the tenth.  What only root can try on this kernel is root-smoke or nightly: as per-commit
it would run for nobody.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

PER_COMMIT, ROOT_SMOKE, NIGHTLY = TIERS = ("per-commit", "root-smoke", "nightly")
MARKERS = {tier.replace("-", "_"): tier for tier in TIERS}

SHARE = 10
"""One in so many of the nightly tests runs in CI."""

TENTH = "+tenth"


class Row(NamedTuple):
    """Where tests belong."""

    pattern: str
    """A part of their names, as a regular expression."""

    tier: str

    share: int = 1
    """Of tests that are much alike one in so many is in this tier, always the same; the rest is
    nightly."""


TABLE: tuple[Row, ...] = (
    # -- without a kernel: what builds and installs, and pictures that differ little from each other
    Row(r"unit/test_tiers\.py::test_every_row", NIGHTLY),
    Row(r"unit/test_public\.py::test_a_users_type_checker", NIGHTLY),
    Row(r"unit/test_setup\.py::test_the_wheel_works_away", NIGHTLY),
    Row(r"unit/test_hub_wheel\.py::test_jupyterlab_lists", NIGHTLY),
    Row(r"unit/test_words\.py::test_the_language_is_asked_for", NIGHTLY),
    Row(r"unit/test_verdict_words\.py::test_what_(a_played|says_the_same)", NIGHTLY),
    Row(r"unit/test_draw_trail\.py::test_(a_page_can_show|the_bytes)", NIGHTLY),
    Row(r"unit/test_draw_(room|inside|trail)\.py::.*\[", PER_COMMIT, 3),
    Row(r"unit/test_odd\.py::.*\[", PER_COMMIT, 2),
    # -- in a virtual machine: what its kernel decides, its life and its trouble
    Row(r"contract/test_same\.py::test_action_of_a_full_kernel\[", PER_COMMIT, 3),
    Row(
        r"contract/test_same\.py::test_commands_of_a_full.*\[vm-(add-ipvlan-i1_0|set-port-vlan-v1_0)",
        PER_COMMIT,
    ),
    Row(r"contract/test_same\.py::test_commands_of_a_full_kernel\[", NIGHTLY),
    Row(r"contract/test_same\.py::test_(action|commands)\[vm-rename-", PER_COMMIT),
    Row(r"contract/test_same\.py::test_(fresh|the_article_verbatim)\[vm\]", PER_COMMIT),
    Row(
        r"contract/test_run\.py::test_(exit_codes|output_and|the_stop|closing).*\[vm\]", PER_COMMIT
    ),
    Row(r"contract/.*[\[-]vm[\]-]", NIGHTLY),
    Row(r"vm/test_trouble\.py::test_(a_state_that_cannot|half_an_image)", NIGHTLY),
    Row(r"vm/test_trouble\.py::test_a_machine_that_waits", NIGHTLY),
    Row(
        r"vm/test_trouble\.py::test_(another_qemu|a_build_that_was|no_tool|a_damaged|stop_while)",
        NIGHTLY,
    ),
    Row(r"vm/test_trouble\.py::test_(the_command_line|a_full_disk\[met|a_kvm)", NIGHTLY),
    Row(r"vm/test_exercises\.py::.*\[(04|13|14)-", NIGHTLY),
    Row(r"vm/test_life\.py::test_(a_full_disk|what_takes_all|a_panic)", NIGHTLY),
    Row(r"vm/test_marking\.py::|vm/test_puzzles\.py::test_one_is_drawn", NIGHTLY),
    # -- what takes long, and what differs little from its neighbours
    Row(r"test_why_and_ping_agree\[(nothing|no route back|rp_filter str)", PER_COMMIT),
    Row(
        r"test_why_and_ping_agree\[(container's address twice|no masq|router does not)", PER_COMMIT
    ),
    Row(r"kernel/test_why\.py::test_why_and_ping_agree", NIGHTLY),
    Row(
        r"kernel/test_why\.py::test_the_loopback\[127\.0\.0\.5-(its address is gone|it is down\])",
        PER_COMMIT,
    ),
    Row(r"kernel/test_why\.py::test_the_loopback\[", NIGHTLY),
    Row(r"kernel/test_graders\.py::", NIGHTLY),
    Row(r"kernel/test_grading\.py::test_a_class_of_thirty", NIGHTLY),
    Row(
        r"kernel/test_courses\.py::test_(a_cell_that|pytest_does|a_new_c|an_exercise_that)", NIGHTLY
    ),
    Row(r"kernel/test_courses\.py::test_(what_is_wrong|a_notebook_whose)", NIGHTLY),
    Row(r"kernel/test_faults\.py::test_some\[docker", NIGHTLY),
    Row(r"contract/test_same\.py::test_commands\[local-.*-classic\]", NIGHTLY),
    Row(r"kernel/test_notebook\.py::test_programs_that_run.*\[nbval", NIGHTLY),
    Row(r"kernel/test_any_order\.py::test_backwards\[02", PER_COMMIT),
    Row(r"kernel/test_any_order\.py::", NIGHTLY),
    Row(r"kernel/test_tables\.py::test_a_port_waits", NIGHTLY),
    Row(r"kernel/test_lifetime\.py::test_nothing_is_left_after_kill_9\[\w+-(0|4|13)\]", ROOT_SMOKE),
    Row(r"kernel/test_lifetime\.py::test_nothing_is_left_after_kill_9", NIGHTLY),
    Row(r"kernel/test_faults\.py::test_(a_kind|what_works)\[", NIGHTLY),
    Row(r"kernel/test_lifetime\.py::test_many_labs_leave_no.*\[200\]", NIGHTLY),
    Row(r"kernel/test_lifetime\.py::test_many_labs_leave_no.*\[40\]", PER_COMMIT),
    Row(r"kernel/test_ways_out\.py::test_they_can_be_measured", NIGHTLY),
    Row(r"kernel/test_lessons\.py::test_a_step.*\[1[234]-.*-K1-route", PER_COMMIT),
    Row(r"kernel/test_lessons\.py::test_a_step.*\[1[234]-.*-K1", NIGHTLY),
    # Of each lesson the exercise to build, which has most checks; the others at night.
    Row(r"kernel/test_exercises\.py::test_(wrong|doing).*\[(0\d|10|16)-.*-X[134]\]", NIGHTLY),
    Row(
        r"test_evidence\.py::test_a_fault.*\[(rule|user|reject|own o|neigh|isol|ARP|echo|IPv6)",
        NIGHTLY,
    ),
    # The first other way of each exercise; the rest at night.
    Row(r"kernel/test_exercises\.py::test_a_right_way_is_taken\[(0\d|10|16)-.*-[2-9]\]", NIGHTLY),
    # What needs a full kernel boots a machine for each answer; tests/vm has a sample of these.
    Row(r"kernel/test_exercises\.py::test_a_right_way_is_taken\[(13.*-X2-1|14.*-X2-0)", PER_COMMIT),
    Row(r"kernel/test_exercises\.py::.*\[1[234]-", NIGHTLY),
    Row(
        r"kernel/test_lessons\.py::test_the_line_and_the_actions_come_to_the_same\[1[234]-", NIGHTLY
    ),
    # Of each widget, what it is there for; at night the other theme, the other way to steer it, the
    # other program around it, and what a look at the page would show.
    Row(r"browser/test_look\.py::test_(axe_finds|it_zooms|it_fills|two_fingers)", NIGHTLY),
    Row(
        r"browser/test_look\.py::test_(it_is_copied_as_svg|it_is_moved|a_picture_without)", NIGHTLY
    ),
    Row(r"browser/test_widgets\.py::test_the_(inspector_fits|picture_is_readable.*Dark)", NIGHTLY),
    Row(r"browser/test_widgets\.py::test_the_(builder_makes.*\[by_mouse|log_can_be)", NIGHTLY),
    Row(r"browser/test_widgets\.py::test_(who_wants_less|in_notebook_7|the_free_play)", NIGHTLY),
    Row(r"browser/test_widgets\.py::test_(nothing_is_wider.*\[2|an_exported.*\[quiet)", NIGHTLY),
    Row(r"browser/test_widgets\.py::test_(five_hundred|a_first_cell)", NIGHTLY),
    Row(r"browser/test_card_in_page\.py::test_(a_prediction.*\[mouse|it_fits)", NIGHTLY),
    Row(r"browser/test_card_in_page\.py::test_(in_notebook_7|a_lab_that_dies)", NIGHTLY),
    Row(r"browser/test_hand\.py::test_the_articles_network.*\[Keyboard", NIGHTLY),
    Row(r"browser/test_hand\.py::test_(a_link_that_is_dropped|the_form_follows)", NIGHTLY),
    Row(r"browser/test_firefox\.py::", NIGHTLY),
    Row(r"browser/test_hand\.py::test_the_picture_keeps.*(\[(768|1024|1280)|any_width)", NIGHTLY),
    Row(r"browser/test_hand\.py::test_(a_node_is_asked|do_it_is_in|a_look_does)", NIGHTLY),
    Row(r"browser/test_widgets\.py::test_(the_builder_makes.*\[by_key|nothing_is_wider)", NIGHTLY),
    Row(r"browser/test_widgets\.py::test_(what_a_button|a_node_of|an_exported)", NIGHTLY),
    Row(r"browser/test_learner\.py::test_they_speak.*\[en|browser/.*\[the moon", NIGHTLY),
    Row(r"browser/test_look\.py::test_(it_fits_the_cell|in_a_narrow_window_it|the_small)", NIGHTLY),
    Row(r"browser/test_look\.py::test_(what_the_hand|no_word|what_does_not)", NIGHTLY),
    Row(r"browser/test_look\.py::test_(what_belongs|what_is_conn|in_a_narrow_window_a)", NIGHTLY),
    Row(r"browser/test_widgets\.py::test_(the_picture_is|a_step_that|the_end_of)", NIGHTLY),
    Row(r"browser/test_card_in_page\.py::test_without_a_kernel", NIGHTLY),
    Row(r"browser/test_hand\.py::test_what_is_asked|browser/test_sheet\.py::", NIGHTLY),
    Row(r"^tests/vagrant/", PER_COMMIT, 3),
    Row(r"browser/test_teacher\.py::test_(two_teachers|the_page_itself)", NIGHTLY),
    Row(r"browser/test_terminal\.py::test_(a_cell_completes|terminal_here)", NIGHTLY),
    Row(r"browser/test_card_in_page\.py::test_(help_and|a_kernel_that)", NIGHTLY),
    Row(r"browser/test_terminal\.py::test_(a_page_that|jupyterlab_without|notebook_7)", NIGHTLY),
    Row(
        r"browser/test_teacher\.py::test_(axe.*\[light|the_page_itself.*\[1280|a_lab_is|at_200)",
        NIGHTLY,
    ),
    Row(r"browser/test_teacher\.py::test_(a_table_that_is_cut.*\[640|the_letters)", NIGHTLY),
    Row(r"browser/test_hand\.py::test_(who_goes_on|do_it_is_done).*\[Enter", NIGHTLY),
    Row(r"browser/test_order\.py::test_what_belongs_to_one_end.*\[Dark", NIGHTLY),
    Row(r"docs/test_site\.py::.*\[(light-|dark-)?(lessons/05|index|glossary)", PER_COMMIT),
    Row(r"docs/test_site\.py::.*\[(light-|dark-)?(lessons/|reference/modules)", NIGHTLY),
    Row(r"docs/test_site\.py::.*\[dark-", NIGHTLY),
    Row(r"docs/test_site\.py::test_another_language", NIGHTLY),
    Row(r"docs/test_site\.py::.*\[(light-howto|howto|\d\d-)", PER_COMMIT, 4),
    # -- a sample of what is much alike
    Row(r"kernel/test_courses\.py::test_(the_example_is_true|lessons_that_cannot)", NIGHTLY),
    Row(r"kernel/test_notebook\.py::test_programs_that_run", NIGHTLY),
    Row(r"kernel/test_journeys\.py::test_two_labs_draw", NIGHTLY),
    Row(r"kernel/test_grading\.py::test_(a_run_that_was_stopped|the_folder.*whole)", NIGHTLY),
    Row(r"kernel/test_puzzles\.py::test_of_a_pair", NIGHTLY),
    Row(r"kernel/test_puzzles\.py::.*\[", PER_COMMIT, 4),
    Row(r"kernel/test_exercises\.py::test_a_right_way.*\[(0\d|10|16)-.*-[01]\]", PER_COMMIT, 3),
    Row(
        r"kernel/test_exercises\.py::test_(doing|every_choice|an_exercise_that).*\[", PER_COMMIT, 3
    ),
    Row(r"kernel/test_exercises\.py::test_wrong.*\[(0\d|10|16)-.*-X2\]", PER_COMMIT, 2),
    Row(r"kernel/test_lessons\.py::.*\[(0\d|10|16)-", PER_COMMIT, 3),
    Row(r"kernel/test_faults\.py::test_(some|a_topology_works)\[(?!docker)", PER_COMMIT, 3),
    Row(r"kernel/test_(rules|filters|evidence)\.py::.*\[", PER_COMMIT, 3),
    Row(r"kernel/test_(undo|terminal|living|stand_ins)\.py::.*\[", PER_COMMIT, 3),
    Row(r"kernel/test_doctor\.py::test_(a_pod_is.*\[True|(files_of_a|seccomp).*\[0\])", NIGHTLY),
    Row(r"contract/test_same\.py::test_commands\[local-.*-iproute2\]", PER_COMMIT, 3),
    Row(r"contract/test_changes\.py::.*\[local", PER_COMMIT, 2),
    # -- what root's own way decides
    Row(r"kernel/test_strangers\.py::test_root_visits_a_real", NIGHTLY),
    Row(r"kernel/test_(strangers|walls)\.py::", ROOT_SMOKE),
    Row(r"kernel/test_lifetime\.py::", ROOT_SMOKE),
    Row(r"kernel/test_doctor\.py::test_(the_report|root_goes|a_container|no_user)", ROOT_SMOKE),
    Row(r"kernel/test_doctor\.py::test_a_chroot_that", ROOT_SMOKE),
    Row(r"kernel/test_hub\.py::test_it_goes_on_after_nonsense\[", ROOT_SMOKE, 3),
    Row(r"kernel/test_hub\.py::", ROOT_SMOKE),
    Row(
        r"kernel/test_lab\.py::test_(the_world_is|the_settings|ipv6|a_namespace_reads)", ROOT_SMOKE
    ),
    Row(
        r"kernel/test_lab\.py::test_(names_reach|the_machine|the_pseudo|a_stopped|undo)", ROOT_SMOKE
    ),
    Row(r"kernel/test_cli\.py::test_(enter_runs|which_labs|the_machine)", ROOT_SMOKE),
    Row(r"kernel/test_ssh\.py::", ROOT_SMOKE),
    Row(r"kernel/test_docker\.py::test_(the_picture|docker_keeps|nothing_of_it)", ROOT_SMOKE),
    Row(r"kernel/test_recording\.py::test_(a_ping_at|captures_that)", ROOT_SMOKE),
    Row(r"kernel/test_nic\.py::test_(frames_for|a_program_that|packet_filters)", ROOT_SMOKE),
    Row(r"contract/test_run\.py::.*[\[-]local[\]-]", ROOT_SMOKE),
    Row(r"contract/test_errors\.py::.*[\[-]local[\]-]", ROOT_SMOKE),
    Row(r"contract/test_same\.py::test_(fresh|the_article.*)\[.*local.*\]", ROOT_SMOKE),
    Row(r"contract/test_same\.py::test_action\[local-(sysctl|resolv|masq|move)", ROOT_SMOKE),
    Row(
        r"contract/test_same\.py::test_action\[local-(add|delete)-(namespace|container)", ROOT_SMOKE
    ),
)
"""The first row that matches counts."""

_PATTERNS = [re.compile(row.pattern) for row in TABLE]

BOOKS: dict[str, str] = {"08": ROOT_SMOKE, "13": NIGHTLY, "15": NIGHTLY}
"""Notebooks by number; one not named here is per-commit.  As they share a kernel, all cells of one
run or none."""

BOOKS_IN_VM: dict[str, str] = {}
"""Those that are not nightly in a virtual machine.  Where this kernel lacks VLANs, 14 takes one.
"""


class Ambiguous(ValueError):
    """A test has the markers of two tiers."""


def row_of(nodeid: str) -> int | None:
    """The row of the table that decides, if one does."""
    rows = (number for number, pattern in enumerate(_PATTERNS) if pattern.search(nodeid))
    return next(rows, None)


def tier_of(nodeid: str, markers: Iterable[str] = ()) -> str:
    """The one tier that a test is in.

    :param nodeid: the test's name, as pytest prints it
    :param markers: the names of all its markers
    :raises Ambiguous: its markers name two
    """
    named = {MARKERS[marker] for marker in markers if marker in MARKERS}
    if len(named) > 1:
        raise Ambiguous(f"{nodeid} is marked for {' and '.join(sorted(named))}: a test is in one")
    if named:
        return named.pop()
    number = row_of(nodeid)
    if number is None:
        return PER_COMMIT
    row = TABLE[number]
    return row.tier if drawn(nodeid.partition("::")[2], "sample", row.share) else NIGHTLY


def drawn(name: str, seed: str, share: int = SHARE) -> bool:
    """Whether a nightly test is in the tenth (or another share) that this commit runs."""
    digest = hashlib.sha256(f"{seed} {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % share == 0


def runs(tier: str, name: str, *, wanted: str, seed: str) -> bool:
    """Whether a run takes a test.

    :param wanted: ``per-commit`` and ``root-smoke`` are what is run for a commit, as usual and once
        more as root, with ``+tenth`` behind it also the draw; anything else is everything
    """
    which, tenth, _ = wanted.partition(TENTH)
    if which == PER_COMMIT:
        return tier != NIGHTLY or bool(tenth and drawn(name, seed))
    if which == ROOT_SMOKE:
        share = SHARE * SHARE if tier == NIGHTLY else SHARE
        return tier == ROOT_SMOKE or bool(tenth and drawn(f"root {name}", seed, share))
    return True


def books(paths: Iterable[str], *, wanted: str, seed: str, vm: bool = False) -> list[str]:
    """The notebooks among these that a run takes."""
    found = []
    for path in paths:
        number = Path(path).name[:2]
        tier = BOOKS_IN_VM.get(number, NIGHTLY) if vm else BOOKS.get(number, PER_COMMIT)
        if runs(tier, f"{'vm ' if vm else ''}{Path(path).name}", wanted=wanted, seed=seed):
            found.append(path)
    return found


def main(wanted: str, seed: str, where: str, *paths: str) -> None:
    """For script/test: print the notebooks that are to be run."""
    print(*books(paths, wanted=wanted, seed=seed, vm=where == "vm"), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
