"""A session retold: as shell lines, as a script, as a notebook cell."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from nslab import Lab
from nslab.engine.protocol import Options
from nslab.network import actions as act
from nslab.session.export import cell, python, shell, together
from nslab.session.history import Done, Typed

STEPS = [
    Done((act.AddBridge("br0"),)),
    Typed("ip link set br0 up\nip -brief link", None),
    Typed('echo "it\'s"', "ns1"),
    Done((act.AddAddress("br0", "10.0.0.1/24"),)),
    Done((act.SetUp("br0"),)),
]


def test_each_step_has_its_lines() -> None:
    shown = shell(STEPS, "classic")
    assert len(shown) == len(STEPS)
    assert shown[0] == "brctl addbr br0"
    assert shown[1] == "ip link set br0 up\nip -brief link"
    assert shown[2] == "ip netns exec ns1 bash <<'END'\necho \"it's\"\nEND"


def test_together_an_address_and_up_are_one_line() -> None:
    assert shell(together(STEPS), "classic")[-1] == "ifconfig br0 10.0.0.1/24 up"
    assert len(together(STEPS)) == 4


@pytest.mark.parametrize(
    "text", ["ip link", 'echo "a"', "a\nb", 'a\nb"', "a\\n\nb", '"""\nx', "a\tb", "é"]
)
def test_what_was_typed_comes_out_of_python_as_it_was(text: str) -> None:
    call: Any = ast.parse(python([Typed(text, "ns1")])[0]).body[0]
    said = ast.literal_eval(call.value.args[0])
    assert said.strip("\n") == text
    assert ast.literal_eval(call.value.keywords[0].value) == "ns1"


def test_a_cell_makes_a_lab_with_the_same_options() -> None:
    shown = cell(STEPS, Options(name="mine", nic_filter=True))
    assert shown.startswith("from nslab import Lab, AddAddress, AddBridge, SetUp\n")
    assert 'lab = Lab(name="mine", nic_filter=True)' in shown
    assert shown.endswith("lab\n")
    ast.parse(shown)


def test_what_a_lab_begins_with_is_told_too() -> None:
    with Lab(engine="fake", start=(act.AddBridge("br0"),)) as lab:
        lab.do(act.AddBridge("br1"))
        assert lab.python().index("br0") < lab.python().index("br1")
        assert lab.script().index("br0") < lab.script().index("br1")


def test_lines_that_failed_are_comments() -> None:
    text = "ip link add br0 type bridge\nip link set nope up"
    (told,) = shell([Typed(text, failed=(2,))])
    assert told == "ip link add br0 type bridge\n# failed: ip link set nope up"
    # Where lines belong together none can be left out.
    loop = "for n in 1 2; do\nip link set nope up\ndone"
    assert shell([Typed(loop, failed=(2,))]) == [loop]
    (nothing,) = shell([Typed("ip link set nope up", "ns1", failed=(1,))])
    assert "# failed: ip link set nope up\n:" in nothing


def test_a_script_removes_what_it_made_before_it_makes_it_again() -> None:
    with Lab(engine="fake") as lab:
        lab.do(act.AddBridge("br0"), act.AddNamespace("ns1"), act.AddContainer("app"))
        script = lab.script()
    before, after = script.split('touch "$mark"')
    for line in ("ip link delete dev br0", "ip netns delete ns1", 'kill -KILL "$pid_app"'):
        assert f"    {line}\n" in before
    assert "ip link add br0 type bridge" in after
    assert "</dev/null >/dev/null 2>&1 & pid_app=$!" in after
    assert after.rstrip().endswith("run it once more with the word clean behind it.")
    with Lab(engine="fake") as lab:
        assert "clean_up" not in lab.script()
