"""Odd values in every public call: an error of nslab's own, or an answer; nothing foreign."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nslab
from nslab import Lab, NslabError
from nslab.network import names
from nslab.network.actions import Action
from nslab.printable import printable, short
from nslab.session.check import Check

ODD = st.one_of(
    st.sampled_from(
        [
            None,
            "",
            " ",
            "\0",
            "\udcff",
            "a\udc9bb",
            "x" * 300_000,
            "-x",
            "--",
            "../..",
            "*",
            "/",
            "host",
            "eth0",
            "ns1",
            "lo",
            "10.0.0.1",
            "10.0.0.1/24",
            "default",
            "net.ipv4.ip_forward",
            "\x1b[2J",
            "a\nb",
            "\u202e",
            b"",
            b"eth0",
            b"\xff",
            True,
            False,
            0,
            1,
            -1,
            1 << 31,
            1 << 63,
            1 << 70,
            -(1 << 70),
            10**5000,
            0.0,
            -1.5,
            float("nan"),
            float("inf"),
            [],
            [[]],
            ["eth0"],
            (),
            {},
            {"a": 1},
            object(),
            int,
            lambda: None,
            1j,
            ...,
        ]
    ),
    st.text(st.characters(), max_size=20),
    st.integers(),
    st.floats(),
    st.binary(max_size=20),
)

LONG = {"undo", "reset", "live", "builder", "close"}
"""Not among the methods that are called at random: they take long, or need a notebook."""


def constructors() -> list[type]:
    public = [getattr(nslab, name) for name in nslab.__all__]
    return [
        each
        for each in public
        if isinstance(each, type)
        and issubclass(each, Action | Check)
        and each not in (Action, Check)
    ]


def parameters(call: Callable[..., Any]) -> list[inspect.Parameter]:
    found = [p for p in inspect.signature(call).parameters.values() if p.name != "self"]
    return [p for p in found if p.kind is not p.VAR_KEYWORD]


def call_oddly(data: st.DataObject, call: Callable[..., Any]) -> Any:
    """Call with odd values for some of its parameters; nothing but our own errors may come out."""
    args, kwargs = [], {}
    for parameter in parameters(call):
        if parameter.kind is parameter.VAR_POSITIONAL:
            args += data.draw(st.lists(ODD, max_size=2))
        elif parameter.kind is parameter.KEYWORD_ONLY:
            if data.draw(st.booleans()):
                kwargs[parameter.name] = data.draw(ODD)
        elif parameter.default is parameter.empty or data.draw(st.booleans()):
            args.append(data.draw(ODD))
        else:
            args.append(parameter.default)
    try:
        result = call(*args, **kwargs)
        if not isinstance(result, (Lab, str)):
            str(result)
    except NslabError as error:
        str(error).encode()
        return None
    return result


LOOSE = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab(engine="fake") as made:
        yield made


@pytest.mark.parametrize("kind", constructors(), ids=lambda kind: kind.__name__)
@LOOSE
@given(data=st.data())
def test_actions_and_checks(lab: Lab, kind: type, data: st.DataObject) -> None:
    made = call_oddly(data, kind)
    try:
        if isinstance(made, Action):
            str(made.title), [str(line) for line in made.commands("classic")]
            lab.do(made)
        elif made is not None:
            str(lab.check(made))
    except NslabError as error:
        str(error).encode()


NAMES = [
    names.link_name,
    names.vlan,
    names.namespace_name,
    names.namespace_reference,
    names.places,
    names.place,
    names.address,
    names.destination,
    names.host_address,
    names.mac_address,
    names.sysctl_key,
    printable,
    short,
]


@pytest.mark.parametrize("check", NAMES, ids=lambda check: check.__name__)
@LOOSE
@given(value=ODD)
def test_names(check: Callable[[object], object], value: object) -> None:
    try:
        check(value)
    except NslabError as error:
        str(error).encode()


METHODS = [
    name
    for name, member in inspect.getmembers(Lab, callable)
    if not name.startswith("_") and name not in LONG
]


@pytest.mark.parametrize("name", METHODS)
@LOOSE
@given(data=st.data())
def test_methods_of_a_lab(lab: Lab, name: str, data: st.DataObject) -> None:
    call_oddly(data, getattr(lab, name))


@LOOSE
@given(data=st.data())
def test_a_lab_itself(data: st.DataObject) -> None:
    values = {
        name: data.draw(ODD)
        for name in ("name", "ipv6", "nic_filter", "cards", "start", "needs")
        if data.draw(st.booleans())
    }
    engine = data.draw(st.one_of(st.just("fake"), ODD)) or "fake"
    try:
        Lab(engine=engine, **values).close()
    except NslabError as error:
        str(error).encode()


@pytest.mark.parametrize("steps", [None, -1, 0, 1 << 70, "1", [], True, 1.5, b""])
def test_undo(lab: Lab, steps: Any) -> None:
    with pytest.raises(NslabError):
        lab.undo(steps)
