"""What a hub for a class needs: limits, slips, settings, and which process a server is."""

from __future__ import annotations

import ast
import asyncio
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

HUB = Path(__file__).resolve().parents[2] / "deploy" / "hub"
sys.path.insert(0, str(HUB))

from nslab_hub import culling, limits, settings, slips  # noqa: E402

from nslab.course.exercises import exercise  # noqa: E402
from nslab.session import enough  # noqa: E402


def test_limits_are_written_to_each_hierarchy_of_version_1(tmp_path: Path) -> None:
    for controller in ("memory", "pids", "cpu"):
        (tmp_path / controller).mkdir()
        (tmp_path / controller / "cgroup.procs").touch()
    group = limits.Group.of("ada", memory=1 << 30, processors=1.5, root=tmp_path)
    assert group.folders == [
        str(tmp_path / controller / "nslab-hub" / "ada") for controller in ("memory", "pids", "cpu")
    ]
    memory, pids, cpu = map(Path, group.folders)
    assert (memory / "memory.limit_in_bytes").read_text() == str(1 << 30)
    assert (pids / "pids.max").read_text() == str(limits.PROCESSES)
    period, quota = (int((cpu / f"cpu.cfs_{name}_us").read_text()) for name in ("period", "quota"))
    assert quota / period == 1.5


def version_2(root: Path, passed_on: str) -> Path:
    (root / "cgroup.controllers").write_text("cpu io memory pids")
    (root / "cgroup.subtree_control").write_text(passed_on)
    return root


@pytest.mark.parametrize("passed_on", ["cpu memory pids", "memory"])
def test_with_version_2_learners_are_beside_the_services(tmp_path: Path, passed_on: str) -> None:
    root = version_2(tmp_path, passed_on)
    group = limits.Group.of("ada", memory=1 << 30, processors=0.5, root=root)
    (own,) = map(Path, group.folders)
    # Not below the hub's own group: who passes controllers on may hold no process, and the hub is
    # put there anew whenever it is started.
    assert own == root / "nslab-hub" / "ada"
    assert (own / "memory.max").read_text() == str(1 << 30)
    assert (own / "cpu.max").read_text() == "50000 100000"
    wanted = {"+memory", "+pids", "+cpu"}
    assert set((own.parent / "cgroup.subtree_control").read_text().split()) == wanted
    assert limits.Group.there("ada", root=root).folders == [str(own)]


def test_with_version_2_in_a_container_learners_are_below_the_hubs_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = version_2(tmp_path, "")
    service = root / "box"
    service.mkdir()
    (service / "cgroup.procs").write_text("")
    monkeypatch.setattr(limits, "_own", lambda: "box")
    write = limits._write

    def busy(path: Path, value: int | str) -> None:
        if path.parent == root:
            raise OSError(16, "Device or resource busy")
        write(path, value)

    monkeypatch.setattr(limits, "_write", busy)
    (own,) = limits.Group.of("ada", root=root).folders
    assert own == str(service / "learners" / "ada")
    assert limits.Group.there("ada", root=root).folders == [own]


def test_a_hierarchy_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "pids").mkdir()
    (tmp_path / "pids" / "cgroup.procs").touch()
    assert limits.Group.of("ada", root=tmp_path).folders == [
        str(tmp_path / "pids" / "nslab-hub" / "ada")
    ]


def test_without_a_limit_a_learner_may_take_what_there_is(tmp_path: Path) -> None:
    for controller in ("memory", "cpu"):
        (tmp_path / controller).mkdir()
        (tmp_path / controller / "cgroup.procs").touch()
    memory, cpu = map(Path, limits.Group.of("ada", root=tmp_path).folders)
    assert (memory / "memory.limit_in_bytes").read_text() == "-1"
    assert (cpu / "cpu.cfs_quota_us").read_text() == "-1"


def test_the_peak_is_read_where_the_kernel_says_it(tmp_path: Path) -> None:
    assert limits.Group([str(tmp_path)]).peak() == 0
    (tmp_path / "memory.max_usage_in_bytes").write_text("7")
    assert limits.Group([str(tmp_path)]).peak() == 7
    (tmp_path / "memory.peak").write_text("9")
    assert limits.Group([str(tmp_path)]).peak() == 9


def spawned(pid: int) -> Any:
    """What starts a server, knowing one of that number from before the hub was started anew."""
    from nslab_hub.spawner import PreloadedSpawner, began

    made = PreloadedSpawner(user=SimpleNamespace(name="nobody-of-this-name", spawners={}))
    made.load_state({"pid": pid, "started": began(pid)})
    return made


def test_a_new_hub_knows_a_server_that_runs() -> None:
    with subprocess.Popen(("sleep", "60")) as server:
        earlier = spawned(server.pid)
        assert asyncio.run(earlier.poll()) is None
        again = spawned(server.pid)
        again.load_state(earlier.get_state())
        assert asyncio.run(again.poll()) is None
        server.kill()
        os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOWAIT)
        assert asyncio.run(again.poll()) == 0, "it has ended, though nobody has waited for it"


def test_a_number_that_is_another_processs_by_now_is_no_server() -> None:
    with subprocess.Popen(("sleep", "60")) as stranger:
        server = spawned(stranger.pid)
        server.load_state({"pid": stranger.pid, "started": 7})  # before the machine was restarted
        asyncio.run(server.stop())
        assert asyncio.run(server.poll()) == 0
        assert stranger.poll() is None, "a process that is no server was sent a signal"
        stranger.kill()


FOLLOWER = """
import time
from nslab_hub.following import end_with_parent
end_with_parent()
print("ready", flush=True)
time.sleep(1000)
"""
LEADER = """
import subprocess, sys
one = subprocess.Popen((sys.executable, "-c", sys.argv[1]))
print(one.pid, flush=True)
one.wait()
"""


def test_a_service_ends_with_a_hub_that_is_killed() -> None:
    with subprocess.Popen(
        (sys.executable, "-c", LEADER, FOLLOWER),
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{HUB}:{HUB.parents[1]}"},
    ) as leader:
        assert leader.stdout is not None
        assert {leader.stdout.readline().strip().isdigit() for _ in range(2)} == {True, False}
        leader.kill()
        # Whoever holds the other end of the pipe has gone when it is at its end.
        assert leader.stdout.read() == b""


HOUR = timedelta(hours=1)


def culled(patience: culling.Patience, inactive: timedelta, used: str, begun: str = "9:00") -> bool:
    server = {"url": "/user/ada/", "started": begun, "last_activity": used}
    return patience(inactive=inactive, inactive_limit=3600, server=server)


@pytest.mark.parametrize("jump", [24 * HOUR, -24 * HOUR], ids=["forward", "back"])
def test_a_clock_that_is_put_forward_or_back_ends_no_server_in_use(jump: timedelta) -> None:
    clock = iter(range(0, 36_000, 600))
    patience = culling.Patience(clock=lambda: float(next(clock)))
    assert not culled(patience, HOUR / 60, "9:01")
    # An hour of work, by a clock that has jumped: what was used last is said by the same clock.
    for minute in range(2, 8):
        assert not culled(patience, jump, f"9:0{minute}")
    for _ in range(5):
        assert not culled(patience, jump, "9:07")
    # Nobody has used it for an hour now.  A day back: the time of day has to come there first.
    assert culled(patience, jump, "9:07") is (jump > HOUR)
    assert culled(patience, HOUR, "9:07")


def test_a_server_that_nobody_uses_is_ended_and_a_new_one_begins_anew() -> None:
    clock = iter([0.0, 3600.0, 3700.0, 7300.0])
    patience = culling.Patience(clock=lambda: next(clock))
    assert not culled(patience, HOUR, "9:00"), "since when is not known yet"
    assert culled(patience, HOUR, "9:00")
    assert not culled(patience, HOUR, "9:00", begun="10:01")
    assert culled(patience, HOUR, "9:00", begun="10:01")


def test_after_the_longest_time_a_server_is_ended_though_it_is_used() -> None:
    clock = iter([0.0, 1000.0, 2000.0])
    patience = culling.Patience(2000, lambda: next(clock))
    found = [culled(patience, timedelta(), used) for used in ("9:00", "9:16", "9:33")]
    assert found == [False, False, True]


def test_passwords_can_be_read_from_paper() -> None:
    made = {slips.password() for _ in range(100)}
    assert len(made) == 100
    for one in made:
        assert re.fullmatch(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", one)
        assert not set(one) & set("lo10")


def test_a_page_of_slips_has_a_slip_each_and_takes_no_markup() -> None:
    page = slips.page([("learner01", "abcd-efgh"), ("<b>", "x&y")], "http://here/?a&b")
    assert page.count("<section>") == 2
    assert "learner01" in page
    assert "&lt;b&gt;" in page
    assert "x&amp;y" in page
    assert "http://here/?a&amp;b" in page


def test_accounts_that_are_there_get_no_slip(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(slips, "make", {"l01": None, "l02": "secret"}.get)
    assert slips.main(["2", "--name", "l"]) == 0
    out, err = capsys.readouterr()
    assert "l02" in out
    assert "secret" in out
    assert "l01" not in out
    assert "l01" in err


def test_making_accounts_as_an_ordinary_user_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(name: str) -> None:
        raise PermissionError(13, "Permission denied", "/etc/passwd")

    monkeypatch.setattr(slips, "make", refused)
    assert slips.main(["1"]) == 1
    assert "run it as root" in capsys.readouterr().err


def configured(kept: Path, **more: Any) -> SimpleNamespace:
    parts = ("JupyterHub", "Spawner", "PreloadedSpawner")
    c = SimpleNamespace(**{name: SimpleNamespace() for name in parts})
    settings.configure(c, kept=kept, account="nobody-of-this-name", **more)
    return c


def test_servers_ask_no_other_machine_and_end_when_idle(tmp_path: Path) -> None:
    c = configured(tmp_path, memory="2G", processors=2, idle=600, longest=7200, learners=30)
    assert c.Spawner.mem_limit == "2G"
    assert c.JupyterHub.active_server_limit == 30
    assert "--MappingKernelManager.cull_idle_timeout=600" in c.Spawner.args
    culler = c.JupyterHub.services[0]
    assert {"nslab_hub.culling", "--timeout=600"} <= set(culler["command"])
    assert "--max-age=7200" in culler["command"]
    role = c.JupyterHub.load_roles[0]
    assert role["services"] == [culler["name"]]
    assert "--LabApp.news_url=None" in c.Spawner.args
    given = [option.rpartition("=")[0] for option in c.Spawner.args]
    assert len(set(given)) == len(given), "Jupyter takes no setting twice"


def test_the_class_is_seen_by_teachers_alone(tmp_path: Path) -> None:
    c = configured(tmp_path / "class", teachers=["ada"], port=9000)
    service = c.JupyterHub.services[1]
    assert service["url"] == "http://127.0.0.1:9000"  # no other machine reaches it past the hub
    assert service["environment"] == {"NSLAB_CLASS_FOLDER": str(tmp_path / "class")}
    assert (tmp_path / "class").stat().st_mode & 0o077 == 0
    assert c.JupyterHub.load_groups == {"teachers": {"users": ["ada"]}}
    (role,) = [one for one in c.JupyterHub.load_roles if "groups" in one]
    assert role["scopes"] == ["access:services!service=class"]
    path = c.Spawner.environment.pop("PATH").split(os.pathsep)
    assert path[0] == str(Path(sys.executable).parent), "nslab is found in a terminal"
    assert c.Spawner.environment == {
        "NSLAB_CLASS_URL": "http://127.0.0.1:9000/services/class",
        exercise.RESTING: "1",
        enough.VARIABLE: "20",
    }


ROOTS_HOME = """
import gc, os, sys
os.environ["HOME"] = "/marker-of-root"
from nslab_hub.preloaded import at_home, preload
preload()
os.environ["HOME"] = "/home/ada"
given = at_home("ada")

def values(one):
    try:
        inside = object.__getattribute__(one, "__dict__")
    except Exception:
        inside = None
    for held in (one, inside):
        if isinstance(held, dict):
            owner = held.get("this_class") or held.get("__name__")
            yield from ((str(owner), held.get("name", key), v) for key, v in list(held.items()))

found = {(o, k) for one in gc.get_objects() for o, k, v in values(one)
         if isinstance(v, str) and v.startswith("/marker-of-root")}
print(sorted(found))
print(given)
"""


def test_a_forked_server_has_nothing_of_the_home_of_who_read_its_modules() -> None:
    ended = subprocess.run(
        (sys.executable, "-c", ROOTS_HOME),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": f"{HUB}:{HUB.parents[1]}"},
    )
    found, given = map(ast.literal_eval, ended.stdout.splitlines())
    assert given == [
        "--LabApp.user_settings_dir=/home/ada/.jupyter/lab/user-settings",
        "--LabApp.workspaces_dir=/home/ada/.jupyter/lab/workspaces",
        "--Session.username=ada",
    ]
    # Those two are what the options stand in for; what else would be here goes to root's home.
    assert {key for _, key in found} <= {"user_settings_dir", "workspaces_dir"}, found


@pytest.mark.parametrize(("limit", "adjusted"), [("1073741824", "300"), ("", "0")])
def test_a_kernel_goes_before_its_server_where_they_share_a_limit(
    limit: str, adjusted: str
) -> None:
    program = (
        "from nslab.jupyter.kernel import give_way; give_way();"
        "print(open('/proc/self/oom_score_adj').read())"
    )
    own = Path("/proc/self/oom_score_adj").read_text().strip()
    ended = subprocess.run(
        (sys.executable, "-c", program),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "MEM_LIMIT": limit, "PYTHONPATH": str(HUB.parents[1])},
    )
    assert ended.stdout.strip() == ("300" if limit else own)


@pytest.mark.parametrize(("limit", "debugs"), [("", True), ("1G", False)])
def test_a_kernel_that_shares_a_limit_has_no_debugger(limit: str, debugs: bool) -> None:
    kernel = KernelManager(kernel_name="python3")
    argv = [sys.executable, "-m", "nslab.jupyter.kernel", "-f", "{connection_file}"]
    kernel.kernel_spec.argv[:] = argv
    environment = {**os.environ, "MEM_LIMIT": limit, "PYTHONPATH": str(HUB.parents[1])}
    kernel.start_kernel(env=environment)
    client = kernel.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=60)
        told = client.kernel_info(reply=True, timeout=60)["content"]
        assert ("debugger" in told.get("supported_features", [])) == debugs
    finally:
        client.stop_channels()
        kernel.shutdown_kernel(now=True)
