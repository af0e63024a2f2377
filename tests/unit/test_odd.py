"""Odd values in every public call: an error of nslab's own, or an answer; nothing foreign."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from replies import Replies, piece

import nslab
from nslab import Capture, Frames, Journey, Lab, NslabError, Opened, Picture, measure
from nslab.jupyter.magics import Magics
from nslab.network import names
from nslab.network.actions import Action
from nslab.printable import printable, short
from nslab.session.capture import start
from nslab.session.check import Check
from nslab.session.traffic.scapy_socket import LabSocket

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
"""Not among the methods that are called at random: they have tests of their own below."""


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


HUGE = 10**5000
"""More digits than Python makes a text of by itself."""


@pytest.mark.parametrize(
    "huge",
    [HUGE, -HUGE, (HUGE,), [HUGE], (HUGE, "a"), ((HUGE,),)],
    ids=["number", "below zero", "tuple", "list", "two", "nested"],
)
@pytest.mark.parametrize("kind", constructors(), ids=lambda kind: kind.__name__)
def test_a_number_of_thousands_of_digits_wherever_it_may_stand(
    lab: Lab, kind: type, huge: object
) -> None:
    wanted = parameters(kind)
    for odd in wanted:
        given = {
            other.name: "eth0"
            for other in wanted
            if other is not odd and other.default is other.empty
        }
        try:
            many = odd.kind is odd.VAR_POSITIONAL
            made = kind(huge) if many else kind(**given, **{odd.name: huge})
            str(made)
            if isinstance(made, Action):
                assert made.title
                assert [str(line) for line in made.commands("classic")]
                lab.do(made)
            else:
                assert made.wanted
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


# -- what is reached by way of a lab ---------------------------------------------------------------


@pytest.fixture
def seen() -> Capture:
    engine = Replies(piece(1), piece(2), piece(3))
    made = start(engine, engine.snapshot, SimpleQueue(), ())
    made.wait(3)
    return made


def public(kind: type, *left_out: str) -> list[str]:
    """The methods of a class of ours that anybody may call."""
    return sorted(
        name
        for name, member in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_") and name not in left_out
    )


def opened(seen: Capture) -> Opened:
    return seen[1]


OBJECTS: dict[str, tuple[type, Callable[[Capture], Any]]] = {
    "Capture": (Capture, lambda seen: seen),
    "Frames": (Frames, lambda seen: seen.frames),
    "Opened": (Opened, opened),
    "Journey": (Journey, lambda seen: seen.journey()),
    "Picture": (Picture, lambda seen: Picture(seen._look())),
}
CALLS = [
    (name, method)
    for name, (kind, _) in OBJECTS.items()
    for method in public(kind, "inspect", "wait", "select")
]


@pytest.mark.parametrize(("name", "method"), CALLS)
@LOOSE
@given(data=st.data())
def test_methods_of_what_a_lab_gives(
    name: str,
    method: str,
    seen: Capture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    data: st.DataObject,
) -> None:
    monkeypatch.chdir(tmp_path)  # any text may be a file
    call_oddly(data, getattr(OBJECTS[name][1](seen), method))


@LOOSE
@given(until=ODD, count=ODD)
def test_waiting(seen: Capture, until: Any, count: Any) -> None:
    for given_ in ({"until": until}, {"count": count}, {"until": until, "count": count}):
        try:
            seen.wait(**given_, timeout=0.0)
        except NslabError as error:
            str(error).encode()
        except TypeError:
            assert callable(until), "it was called with a frame: that is its own affair"


@LOOSE
@given(key=ODD, end=ODD)
def test_taking_frames_and_journeys(seen: Capture, key: Any, end: Any) -> None:
    for one in (seen, seen.frames):
        for index in (key, slice(key, end), slice(key, end, end)):
            try:
                str(one[index])
            except NslabError as error:
                str(error).encode()
            except IndexError:  # what a sequence raises, and has to
                assert isinstance(key, int)


@pytest.mark.parametrize("name", ["state", "lab", "play", "same", "__getitem__"])
@LOOSE
@given(data=st.data())
def test_lessons(name: str, data: st.DataObject) -> None:
    call = getattr(nslab.lesson("02"), name)
    made = call_oddly(data, call)
    if isinstance(made, Lab):
        made.close()


def another(name: str) -> Callable[..., Any]:
    values = {"lesson": nslab.lesson, "why": nslab.why, "compare": nslab.compare}
    values |= {"free_pool": nslab.free_pool, "Picture": nslab.Picture}
    values |= {name: getattr(measure, name) for name in MEASURES}
    return values[name]


MEASURES = ["crowd", "flooding", "published", "round_trip", "small_packets", "throughput"]


@pytest.mark.parametrize("name", ["lesson", "why", "compare", "free_pool", "Picture", *MEASURES])
@LOOSE
@given(data=st.data())
def test_functions(lab: Lab, name: str, data: st.DataObject) -> None:
    call = another(name)
    odd = call_oddly(data, call)
    assert odd is None or name in ("crowd", "published", "lesson", "free_pool")
    if name == "why":  # of what is a snapshot
        call_oddly(data, partial(call, lab.snapshot()))
    elif name in MEASURES and name not in ("crowd", "published"):
        call_oddly(data, partial(call, lab))


@pytest.mark.parametrize("name", ["median", "spread", "quartiles", "against", "comparison"])
@LOOSE
@given(value=ODD)
def test_results(name: str, value: Any) -> None:
    samples = {"a": (1.0, 2.0), "b": (2.0, 3.0)}
    result = measure.Result(title="t", unit="u", better="more", samples=samples, limit=9, base="a")
    try:
        getattr(result, name)(value)
    except NslabError as error:
        str(error).encode()


@LOOSE
@given(style=ODD)
def test_styles(lab: Lab, style: Any) -> None:
    with pytest.raises(NslabError, match="classic"):
        lab.script(style)


@LOOSE
@given(line=st.text(max_size=30) | st.sampled_from(["-x", "ns1 timeout=x", "host timeout=nan"]))
def test_magics(lab: Lab, line: str) -> None:
    magics = Magics({})
    magics.use(lab)
    for call in (magics.host, magics.ns):
        try:
            call(line, "exit 0")
        except NslabError as error:
            str(error).encode()


@pytest.mark.parametrize("cell", ["", "\n", "# your commands", "  # a\n\n# b\n"])
def test_a_cell_of_comments_does_nothing(lab: Lab, cell: str) -> None:
    """Not even a look: what has changed meanwhile would seem to be its doing."""
    magics = Magics({})
    magics.use(lab)
    before = len(lab.steps)
    magics.host("", cell)
    assert len(lab.steps) == before


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999", "0x10", "1_0", "none", "-1", ""])
def test_the_seconds_of_a_magic(lab: Lab, value: str) -> None:
    magics = Magics({})
    magics.use(lab)
    try:
        magics.host(f"timeout={value}", "exit 0")
    except NslabError as error:
        str(error).encode()


@LOOSE
@given(data=st.data())
def test_a_socket_of_scapys(data: st.DataObject) -> None:
    engine = Replies()
    socket = LabSocket(engine, "br0")
    for name in ("complete", "send", "sr", "sr1", "recv_raw"):
        options = {"timeout": 0.01, "verbose": 0} if name.startswith("sr") else {}
        value = data.draw(ODD)
        try:
            getattr(socket, name)(value, **options)
        except NslabError as error:
            str(error).encode()
    socket.close()
    for value in (data.draw(ODD), "br0"):
        try:
            LabSocket(engine, value, data.draw(ODD)).close()
        except NslabError as error:
            str(error).encode()


@pytest.mark.parametrize("name", sorted({*METHODS, *LONG}))
def test_a_closed_lab_says_so(name: str) -> None:
    lab = Lab(engine="fake")
    lab.close()
    given_: dict[str, tuple[Any, ...]] = {
        "run": ("true",),
        "sh": ("true",),
        "send": (b"x" * 60, "eth0"),
        "scapy": ("eth0",),
        "why": (None, "10.0.0.1"),
        "observe_steps": (lab.close,),
        "fdb": ("br0",),
        "port_states": ("v1",),
    }
    two = ("ping", "arping", "traceroute", "http", "resolve")
    words = given_.get(name, (None, "10.0.0.1") if name in two else ())
    call = getattr(lab, name)
    if name in ("close", "interrupt", "observe_steps", "python", "script"):
        call(*words)
    else:
        with pytest.raises(NslabError, match="closed"):
            call(*words)
