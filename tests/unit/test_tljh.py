"""The plug-in of The Littlest JupyterHub, as far as it goes without TLJH.

TLJH is not among Python's packages: what of it the plug-in meets is declared here, by
TLJH 2.0.1.dev (commit 84ed38f of 1 April 2026): hooks.py, config.py, configurer.py.
"""

from __future__ import annotations

import copy
import json
import os
import pwd
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pluggy
import pytest
from traitlets.config import Config, LazyConfigValue

ROOT = Path(__file__).resolve().parents[2]
HUB = ROOT / "deploy" / "hub"
sys.path[:0] = [str(HUB), str(HUB / "tljh")]

import tljh_nslab  # noqa: E402
from nslab_hub import apparmor, neighbours, settings  # noqa: E402

from nslab.course.exercises import exercise  # noqa: E402
from nslab.session import enough  # noqa: E402

hookspec = pluggy.HookspecMarker("tljh")


class Hooks:
    """TLJH's, in hooks.py: their names and what they are given."""

    @hookspec
    def tljh_extra_user_conda_packages(self) -> None: ...
    @hookspec
    def tljh_extra_user_conda_channels(self) -> None: ...
    @hookspec
    def tljh_extra_user_pip_packages(self) -> None: ...
    @hookspec
    def tljh_extra_hub_pip_packages(self) -> None: ...
    @hookspec
    def tljh_extra_apt_packages(self) -> None: ...
    @hookspec
    def tljh_custom_jupyterhub_config(self, c: Any) -> None: ...
    @hookspec
    def tljh_config_post_install(self, config: Any) -> None: ...
    @hookspec
    def tljh_post_install(self) -> None: ...
    @hookspec
    def tljh_new_user_create(self, username: str) -> None: ...


def managed(*plugins: object) -> pluggy.PluginManager:
    manager = pluggy.PluginManager("tljh")
    manager.add_hookspecs(Hooks)
    for plugin in plugins:
        manager.register(plugin)
    return manager


@pytest.fixture
def hook() -> Any:
    return managed(tljh_nslab).hook


# -- TLJH takes it -----------------------------------------------------------------------------


def test_tljh_knows_each_hook_and_what_it_asks_for() -> None:
    manager = managed(tljh_nslab)
    manager.check_pending()
    used = {one.name for one in manager.get_hookcallers(tljh_nslab) or ()}
    assert used == {name for name in vars(tljh_nslab) if name.startswith("tljh_")}
    assert len(used) == 6


def test_a_hook_that_tljh_has_not_would_be_found() -> None:
    @tljh_nslab.hookimpl
    def tljh_extra_apt_package() -> list[str]:
        return []

    stray = SimpleNamespace(tljh_extra_apt_package=tljh_extra_apt_package)
    with pytest.raises(pluggy.PluginValidationError, match="tljh_extra_apt_package"):
        managed(stray).check_pending()


@pytest.fixture(scope="module")
def hubs_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment into which pip has put the plug-in, from the checkout; the rest is lent."""
    made = tmp_path_factory.mktemp("tljh") / "hub"
    venv.create(made, symlinks=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(made)}))
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = (sys.executable, "-m", "pip", "--python", str(made / "bin" / "python"), "install")
    words = (*pip, "--no-deps", "--no-index", "--no-build-isolation", "--quiet")
    subprocess.run((*words, str(HUB / "tljh")), capture_output=True, check=True)
    return made


FOUND = """
import json, pluggy
manager = pluggy.PluginManager("tljh")
manager.load_setuptools_entrypoints("tljh")
(plugin,) = [one for name, one in manager.list_name_plugin() if name == "nslab"]
print(json.dumps([plugin.__name__, plugin.sources(), plugin.sources("[class]")]))
"""


def test_the_installed_package_is_found_by_its_entry_point_and_knows_where_it_is_from(
    hubs_environment: Path,
) -> None:
    python = hubs_environment / "bin" / "python"
    ended = subprocess.run((python, "-P", "-c", FOUND), capture_output=True, text=True, cwd="/")
    name, beside_hub, of_learners = json.loads(ended.stdout)
    assert name == "tljh_nslab"
    top = ROOT.as_uri()
    assert beside_hub == [f"nslab @ {top}/", f"nslab-hub @ {top}/deploy/hub"]
    assert of_learners == [f"nslab @ {top}/", f"nslab-hub[class] @ {top}/deploy/hub"]


def project(folder: Path) -> dict[str, Any]:
    return dict(tomllib.loads((folder / "pyproject.toml").read_text())["project"])


def test_names_and_versions_go_together() -> None:
    own, hub, lessons = map(project, (HUB / "tljh", HUB, ROOT))
    assert own["name"] == tljh_nslab.NAME == "tljh-nslab", "as TLJH asks its plug-ins to be called"
    assert own["version"] == hub["version"] == lessons["version"]
    assert own["requires-python"] == lessons["requires-python"]
    # TLJH's hub has a jupyterhub-idle-culler before 2, and stays as TLJH wants it.
    assert [re.split("[>=<]", one)[0] for one in hub["dependencies"]] == ["jupyterhub"]
    assert "class" in hub["optional-dependencies"]


# -- what is to be installed -------------------------------------------------------------------

GIT = {
    "url": "https://example.org/nslab",
    "vcs_info": {"vcs": "git", "commit_id": "c0ffee", "requested_revision": "main"},
    "subdirectory": "deploy/hub/tljh",
}
ARCHIVE = {
    "url": "https://example.org/nslab.zip",
    "archive_info": {},
    "subdirectory": "deploy/hub/tljh",
}
WHEEL = {"url": "file:///root/tljh_nslab-1.2-py3-none-any.whl", "archive_info": {}}
SOURCES = {
    "git": (
        GIT,
        "nslab @ git+https://example.org/nslab@c0ffee",
        "nslab-hub @ git+https://example.org/nslab@c0ffee#subdirectory=deploy/hub",
    ),
    "archive": (
        ARCHIVE,
        "nslab @ https://example.org/nslab.zip",
        "nslab-hub @ https://example.org/nslab.zip#subdirectory=deploy/hub",
    ),
    "wheel": (WHEEL, "nslab==1.2", "nslab-hub==1.2"),
    "index": (None, "nslab==1.2", "nslab-hub==1.2"),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_all_three_come_from_one_source(
    kind: str, hook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, lessons, hub = SOURCES[kind]
    text = json.dumps(told) if told else None
    known = SimpleNamespace(version="1.2", read_text=lambda name: text)
    monkeypatch.setattr(tljh_nslab.metadata, "distribution", lambda name: known)
    assert hook.tljh_extra_hub_pip_packages() == [[hub]]
    (of_learners,) = hook.tljh_extra_user_pip_packages()
    assert of_learners == [lessons, hub.replace("nslab-hub", "nslab-hub[class]", 1)]


def listed(text: str) -> set[str]:
    """The Debian packages of a table in a script."""
    return {line.split()[2] for line in text.splitlines() if line[:2] in ("! ", "- ")}


def test_the_debian_packages_are_those_of_a_hub_without_tljh(hook: Any) -> None:
    common = (ROOT / "script/common.sh").read_text().partition("SYSTEM_PACKAGES <<'END'")[2]
    install = (HUB / "install").read_text().partition('SYSTEM_PACKAGES+="')[2]
    wanted = listed(common.partition("\nEND")[0]) | listed(install.partition('\n"')[0])
    proxys = {"nodejs", "npm"}  # TLJH brings another one
    assert wanted > proxys
    (given,) = hook.tljh_extra_apt_packages()
    assert sorted(given) == sorted(wanted - proxys)


# -- settings ----------------------------------------------------------------------------------


def test_what_somebody_has_set_stays(hook: Any) -> None:
    config: dict[str, Any] = {
        "limits": {"memory": None},
        "nslab": None,
        "services": {"cull": {"timeout": 60, "enabled": False}},
        "users": {"admin": ["ada"]},
    }
    hook.tljh_config_post_install(config=config)
    assert config == {
        "limits": {"memory": None, "cpu": 1.0},
        "nslab": tljh_nslab.DEFAULTS["nslab"],
        "services": {"cull": {"timeout": 60, "enabled": False, "max_age": 43200}},
        "users": {"admin": ["ada"]},
    }
    config["nslab"]["teachers"].append("ada")
    assert tljh_nslab.DEFAULTS["nslab"]["teachers"] == []
    again = copy.deepcopy(config)
    hook.tljh_config_post_install(config=again)
    assert again == config


def of_tljh(
    monkeypatch: pytest.MonkeyPatch, folder: Path, known: dict[str, Any]
) -> tuple[Config, list[str]]:
    """JupyterHub's configuration as TLJH hands it on, and what was started anew."""
    started: list[str] = []
    whole = {
        "user_environment": {"default_app": "jupyterlab"},
        "services": {"cull": {"enabled": True, "timeout": 3600}},
        **known,
    }
    parts = {
        "tljh": {},
        "tljh.config": {
            "INSTALL_PREFIX": str(folder),
            "USER_ENV_PREFIX": str(folder / "user"),
            "reload_component": started.append,
        },
        "tljh.configurer": {"load_config": lambda: whole},
    }
    for name, values in parts.items():
        module = ModuleType(name)
        vars(module).update(values)
        monkeypatch.setitem(sys.modules, name, module)
    c = Config()
    c.Spawner.mem_limit, c.Spawner.cpu_limit, c.Spawner.default_url = "1G", 1.0, "/lab"
    cull = (sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600", "--max-age=0")
    culler = {"name": "cull-idle", "admin": True, "command": list(cull)}
    c.JupyterHub.services = [culler] if whole["services"]["cull"]["enabled"] else []
    return c, started


def account(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    """Whether the installation has come to its end."""

    def named(name: str) -> Any:
        if not there:
            raise KeyError(name)
        return pwd.getpwuid(os.getuid())

    monkeypatch.setattr(tljh_nslab.pwd, "getpwnam", named)


def plain(value: Any, initial: Any) -> Any:
    """What JupyterHub makes of a setting that was added to."""
    return value.get_value(initial) if isinstance(value, LazyConfigValue) else value


@pytest.fixture
def configured(hook: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Config]:
    def configure(**known: Any) -> Config:
        account(monkeypatch, True)
        c, _ = of_tljh(monkeypatch, tmp_path, known)
        hook.tljh_custom_jupyterhub_config(c=c)
        return c

    return configure


def test_learners_servers(configured: Callable[..., Config], tmp_path: Path) -> None:
    c = configured(nslab={"labs": 7, "learners": 30})
    assert c.Spawner.cmd == [str(tmp_path / "user/bin/nslab-hub-server")]
    assert c.Spawner.notebook_dir == f"~/{settings.FOLDER}"
    assert c.Spawner.default_url == "/lab/tree/00-start-here.ipynb"
    assert plain(c.Spawner.args, []) == settings.idle_kernels(3600)
    environment = plain(c.Spawner.environment, {})
    assert environment == {
        exercise.RESTING: "1",
        enough.VARIABLE: "7",
        "NSLAB_CLASS_URL": "http://127.0.0.1:8082/services/class",
    }
    assert c.JupyterHub.active_server_limit == 30
    assert (c.Spawner.mem_limit, c.Spawner.cpu_limit) == ("1G", 1.0), "they are TLJH's own"
    assert "spawner_class" not in c.JupyterHub


def test_units_have_limits_and_nothing_that_refuses_labs(configured: Callable[..., Config]) -> None:
    unit = configured().SystemdSpawner
    assert plain(unit.unit_extra_properties, {}) == {"TasksMax": "400"}
    assert unit.isolate_tmp is True
    # PrivateDevices, read-only paths, Protect…: all that mounts over /proc, /sys and /dev.
    assert set(unit) == {"unit_extra_properties", "isolate_tmp"}


def test_no_limit_where_zero_was_set(configured: Callable[..., Config]) -> None:
    c = configured(nslab={"labs": 0, "processes": 0})
    assert enough.VARIABLE not in plain(c.Spawner.environment, {})
    assert "unit_extra_properties" not in c.SystemdSpawner
    assert "active_server_limit" not in c.JupyterHub


def test_tljhs_culler_keeps_its_options_and_reckons_with_a_clock_that_only_runs(
    configured: Callable[..., Config], tmp_path: Path
) -> None:
    culler = configured().JupyterHub.services[0]
    assert culler == {
        "name": "cull-idle",
        "admin": True,
        "command": [
            *(str(tmp_path / "user/bin/python"), "-P", "-m", "nslab_hub.culling"),
            *("--timeout=3600", "--max-age=0"),
        ],
        "user": tljh_nslab.ACCOUNT,
    }


def test_who_switches_the_culler_off_keeps_idle_kernels(configured: Callable[..., Config]) -> None:
    c = configured(services={"cull": {"enabled": False, "timeout": 600}})
    assert "--MappingKernelManager.cull_idle_timeout=0" in plain(c.Spawner.args, [])
    assert [one["name"] for one in c.JupyterHub.services] == ["class"]


def test_notebook_7_stays_where_tljh_has_it(configured: Callable[..., Config]) -> None:
    c = configured(user_environment={"default_app": "classic"})
    assert c.Spawner.default_url == "/lab", "as it came from TLJH"


def test_the_teachers_page(configured: Callable[..., Config], tmp_path: Path) -> None:
    c = configured(nslab={"teachers": ["ada"]})
    page = c.JupyterHub.services[-1]
    words = page["command"]
    assert words[-4:] == [
        str(tmp_path / "user/bin/python"),
        "-P",
        "-m",
        "nslab_hub.teaching.service",
    ]
    assert words[0] == "nsenter", "out of what the hub's unit mounts over /proc"
    assert f"--reuid={tljh_nslab.ACCOUNT}" in words
    assert page["url"] == "http://127.0.0.1:8082"
    folder = str(tmp_path / "nslab-class")
    assert page["environment"] == {"NSLAB_CLASS_FOLDER": folder, "HOME": folder}
    assert plain(c.JupyterHub.load_groups, {}) == {"teachers": {"users": ["ada"]}}
    (role,) = plain(c.JupyterHub.load_roles, [])
    assert role["scopes"] == ["access:services!service=class"]


def test_without_teachers_an_authenticator_may_bring_the_groups(
    configured: Callable[..., Config],
) -> None:
    """JupyterHub refuses to start where both do."""
    c = configured()
    assert not plain(c.JupyterHub.load_groups, {})
    (role,) = plain(c.JupyterHub.load_roles, [])
    assert role["groups"] == ["teachers"]


def test_what_another_plug_in_has_set_stays(
    hook: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    account(monkeypatch, True)
    c, _ = of_tljh(monkeypatch, tmp_path, {"nslab": {"teachers": ["ada"]}})
    c.JupyterHub.load_groups = {"others": {"users": ["bob"]}}
    c.JupyterHub.load_roles = [{"name": "others"}]
    c.Spawner.environment = {"OTHERS": "1"}
    c.Spawner.args = ["--others"]
    hook.tljh_custom_jupyterhub_config(c=c)
    assert set(c.JupyterHub.load_groups) == {"others", "teachers"}
    assert [role["name"] for role in c.JupyterHub.load_roles] == ["others", "teacher"]
    assert c.Spawner.environment["OTHERS"] == "1"
    assert c.Spawner.args[0] == "--others"


@pytest.mark.parametrize("why", ["not installed", "switched off"])
def test_tljh_stays_as_it_is(
    why: str, hook: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    account(monkeypatch, why != "not installed")
    own = {} if why == "not installed" else {"enabled": False}
    c, _ = of_tljh(monkeypatch, tmp_path, {"nslab": own})
    before = copy.deepcopy(c)
    hook.tljh_custom_jupyterhub_config(c=c)
    assert c == before


# -- the end of an installation ----------------------------------------------------------------


@pytest.mark.parametrize("there", [True, False])
def test_the_hub_is_started_anew_when_all_is_there(
    there: bool, hook: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    account(monkeypatch, there)
    _, started = of_tljh(monkeypatch, tmp_path, {})
    done: list[Any] = []
    monkeypatch.setattr(apparmor, "allow", lambda python: done.append(python))
    monkeypatch.setattr(neighbours, "make_room", lambda: done.append("neighbours"))
    monkeypatch.setattr(tljh_nslab, "_link", lambda program, link: done.append((program, link)))
    monkeypatch.setattr(tljh_nslab.subprocess, "run", lambda words, **_: done.append(words))
    monkeypatch.setattr(settings, "make", lambda folder, whose: done.append((folder, whose)))
    hook.tljh_post_install()
    programs, folder = tmp_path / "user" / "bin", tmp_path / "nslab-class"
    assert done[0] == programs / "python"
    assert done[1:3] == ["neighbours", (programs / "nslab", Path("/usr/local/bin/nslab"))]
    assert done[-1] == (folder, tljh_nslab.ACCOUNT)
    made = [one for one in done if isinstance(one, tuple) and one[0] == "useradd"]
    assert len(made) == (0 if there else 1)
    assert all(one[-3:] == ("--home-dir", str(folder), tljh_nslab.ACCOUNT) for one in made)
    assert started == ["hub"]


def test_a_program_of_somebody_elses_stays(tmp_path: Path) -> None:
    link = tmp_path / "nslab"
    tljh_nslab._link(Path("/opt/one"), link)
    tljh_nslab._link(Path("/opt/two"), link)
    assert os.readlink(link) == "/opt/two"
    link.unlink()
    link.write_text("mine")
    tljh_nslab._link(Path("/opt/two"), link)
    assert link.read_text() == "mine"


# -- the parts of nslab-hub that it uses -------------------------------------------------------


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine that asks for a profile, and what its parser was given."""
    given, program = tmp_path / "given", tmp_path / "bin" / "apparmor_parser"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >{given}\ntest ! -e {tmp_path}/refuse\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(apparmor, "RESTRICTED", tmp_path / "restricted")
    monkeypatch.setattr(apparmor, "PROFILE", tmp_path / "profile")
    (tmp_path / "restricted").write_text("1\n")
    return given


def test_apparmor_allows_labs_in_that_python(parser: Path, tmp_path: Path) -> None:
    link = tmp_path / "python"
    link.symlink_to(sys.executable)
    assert apparmor.allow(link)
    profile = tmp_path / "profile"
    assert f"nslab-hub {Path(sys.executable).resolve()} flags" in profile.read_text()
    assert "@" not in profile.read_text().replace("@{", "")
    assert parser.read_text().split() == ["-r", str(profile)]


@pytest.mark.parametrize("said", ["0\n", None])
def test_without_the_restriction_there_is_no_profile(
    said: str | None, parser: Path, tmp_path: Path
) -> None:
    restricted = tmp_path / "restricted"
    restricted.unlink() if said is None else restricted.write_text(said)
    assert not apparmor.allow(Path(sys.executable))
    assert not (tmp_path / "profile").exists()
    assert not parser.exists()


def test_a_profile_that_is_refused_is_said(
    parser: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "refuse").touch()
    assert apparmor.main() == 1
    said = capsys.readouterr().err
    assert "labs are not allowed" in said
    assert f"→ apparmor_parser -r {tmp_path / 'profile'}" in said


STAND_IN = "import os, sys\ndef main():\n    print(oct(os.umask(0)), *sys.argv[1:])\n"


def test_a_learners_server_hands_out_the_lessons_and_keeps_what_is_there(tmp_path: Path) -> None:
    """A module in place of JupyterHub's own says what it was given."""
    package, home = tmp_path / "modules" / "jupyterhub", tmp_path / "home"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "singleuser.py").write_text(STAND_IN)
    mine = home / settings.FOLDER / "02-bridge.ipynb"
    mine.parent.mkdir(parents=True)
    mine.write_text("my own work")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "JUPYTER_RUNTIME_DIR": "/run/short",
        "PYTHONPATH": os.pathsep.join(map(str, (package.parent, HUB, ROOT))),
    }
    words = (sys.executable, "-c", "from nslab_hub.server import main; main()", "--its=own")
    ended = subprocess.run(words, capture_output=True, text=True, cwd=home, env=environment)
    umask, *argv = ended.stdout.split()
    assert umask == "0o77", ended.stderr
    assert argv[0] == "--its=own"
    assert "--ServerApp.jpserver_extensions=nslab_hub.learner=True" in argv
    assert "--KernelManager.transport=ipc" in argv
    assert mine.read_text() == "my own work"
    assert (mine.parent / "00-start-here.ipynb").exists()


def test_the_command_is_in_nslab_hub() -> None:
    assert project(HUB)["scripts"]["nslab-hub-server"] == "nslab_hub.server:main"


# -- words -------------------------------------------------------------------------------------

README = (HUB / "README.md").read_text()
SECTION = README.partition("## With The Littlest JupyterHub")[2].partition("\n## ")[0]


ROWS = dict(re.findall(r"\| `([\w.]+)` \| `([^`]*)` \|", SECTION))


def test_the_readmes_command_leads_to_the_plug_in() -> None:
    (place,) = re.findall(r"--plugin (?:\./)?nslab/(\S+)", SECTION)
    assert "tljh" in project(ROOT / place)["entry-points"]


def test_the_readme_names_every_setting_and_what_it_is_at_first() -> None:
    wanted: dict[str, Any] = {}
    for part, values in tljh_nslab.DEFAULTS.items():
        for name, value in values.items():
            below = value.items() if isinstance(value, dict) else [("", value)]
            wanted |= {f"{part}.{name}.{key}".rstrip("."): one for key, one in below}
    shown = {key: one if isinstance(one, str) else json.dumps(one) for key, one in wanted.items()}
    assert shown == ROWS
    assert set(re.findall(r"tljh-config (?:set|add-item) ([\w.]+)", SECTION)) <= set(ROWS)


def test_the_documentation_leads_there() -> None:
    text = (ROOT / "docs/howto/class.md").read_text()
    assert "deploy/hub#with-the-littlest-jupyterhub" in text
    assert "pip install nslab" not in text.partition("Littlest JupyterHub")[2].partition("\n## ")[0]


@pytest.mark.parametrize("works", [True, False])
def test_a_machine_gets_room_for_neighbours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, works: bool
) -> None:
    program, limit, kept = tmp_path / "sysctl", tmp_path / "limit", tmp_path / "60-nslab-hub.conf"
    program.write_text(f'#!/bin/sh\necho "$@" >{tmp_path}/asked\nexit {int(not works)}\n')
    program.chmod(0o755)
    monkeypatch.setattr(neighbours, "LIMIT", limit)
    monkeypatch.setattr(neighbours, "SETTINGS", kept)
    monkeypatch.setattr(neighbours.shutil, "which", lambda *_, **__: str(program))
    assert neighbours.main() == 0, "a container has no such limit"
    assert not kept.exists()
    limit.touch()
    assert neighbours.main() == int(not works)
    assert "gc_thresh3 = 16384" in kept.read_text()
    assert (tmp_path / "asked").read_text() == f"--quiet --load={kept}\n"
    assert bool(capsys.readouterr().err) != works
