"""What is installed and how: the locks, the scripts, the wheel."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import wheel

import nslab
from nslab.doctor.checks import PURPOSES
from nslab.network.programs import PACKAGES

ROOT = Path(__file__).resolve().parents[2]
LOCKS = {
    name: (ROOT / "requirements" / f"{name}.txt").read_text()
    for name in ("lab", "test", "binder", "hub", "image", "sbom")
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# JupyterLab keeps copies below .ipynb_checkpoints of what somebody has opened; those do not count.
LESSONS = sorted(
    path for path in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts
)
SCRIPTS = (
    "script/lab",
    "script/test",
    "script/lock",
    ".ci/run",
    "binder/postBuild",
    "binder/start",
    "tests/binder/prove",
    "script/provision",
    "tests/vagrant/prove",
    "tests/image/prove",
)


def plain(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("_", "-")


def pinned(lock: str) -> dict[str, set[str]]:
    """Names and versions; a package may be there twice, for different versions of Python."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", LOCKS[lock], re.MULTILINE):
        found.setdefault(plain(name), set()).add(version)
    return found


def bash(code: str, *, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run some lines with the functions of script/common.sh at hand."""
    whole = f"set -eu; ROOT={ROOT}; . {ROOT}/script/common.sh; {code}"
    return subprocess.run(
        ["bash", "-c", whole],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=check,
        stdin=subprocess.DEVNULL,
    )


# -- versions and locks ------------------------------------------------------------------------


def test_one_version() -> None:
    assert PROJECT["version"] == nslab.__version__
    assert f"## {nslab.__version__}" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_hashes_and_no_address(lock: str) -> None:
    text = LOCKS[lock]
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE), "no option such as an index"
    for block in re.split(r"\n(?=\S)", text):
        if not block.startswith("#"):
            assert "--hash=sha256:" in block


def test_the_locks_hold_what_the_project_wants() -> None:
    wanted = {plain(each) for each in PROJECT["dependencies"]} | {"hatchling"}
    assert wanted <= pinned("lab").keys()
    assert {plain(each) for each in PROJECT["optional-dependencies"]["test"]} <= pinned(
        "test"
    ).keys()


def test_tests_run_with_the_versions_of_the_lab() -> None:
    test = pinned("test")
    assert {name: test[name] for name in pinned("lab")} == pinned("lab")


# -- scripts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [*SCRIPTS, "script/common.sh"])
def test_scripts_are_bash(script: str) -> None:
    path = ROOT / script
    subprocess.run(["bash", "-n", str(path)], check=True)
    if script in SCRIPTS:
        assert path.read_text().startswith("#!/bin/bash\n")
        assert os.access(path, os.X_OK)


def test_a_python_below_a_closed_folder_is_not_for_everyone(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    python = closed / "bin" / "python3"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    (tmp_path / "link").symlink_to(python)
    closed.chmod(0o700)
    assert bash(f"for_everyone {python}", check=False).returncode == 1
    assert bash(f"for_everyone {tmp_path}/link", check=False).returncode == 1
    assert bash("for_everyone /usr/bin/env", check=False).returncode == 0
    assert bash("for_everyone /nothing/there", check=False).returncode == 1


def test_a_shim_of_a_version_manager_is_looked_through(tmp_path: Path) -> None:
    """The shim may be run by everybody, what it starts may not."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    shim = tmp_path / "python3"
    shim.write_text(f"#!/bin/sh\necho {closed}/python3\n")
    shim.chmod(0o755)
    assert bash(f"NSLAB_PYTHON={shim} find_python", check=False).returncode == 1


def no_tools(tmp_path: Path, *kept: str) -> str:
    """A PATH with only some programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("bash", "id", "env", *kept):
        target = subprocess.run(
            ["bash", "-c", f"command -v {name}"], capture_output=True, text=True, check=True
        ).stdout.strip()
        (folder / name).symlink_to(target)
    return str(folder)


def test_what_is_missing_is_named_and_only_needed_ones_stop(tmp_path: Path) -> None:
    path = no_tools(tmp_path)
    cut = f"PATH={path}; find_python() {{ echo python3; }}; may_be_root() {{ false; }}"
    stopped = bash(f"{cut}; system_packages", check=False)
    assert stopped.returncode == 1
    assert "missing: brctl (package bridge-utils: " in stopped.stderr
    assert "error: nothing works without" in stopped.stderr
    (tmp_path / "two").mkdir()
    path = no_tools(tmp_path / "two", "ip")
    cut = f"PATH={path}; find_python() {{ echo python3; }}; may_be_root() {{ false; }}"
    went_on = bash(f"{cut}; system_packages")
    assert "going on without" in went_on.stderr


def test_what_is_installed_is_what_the_doctor_looks_for() -> None:
    listed = bash('printf "%s\\n" "$SYSTEM_PACKAGES"').stdout.splitlines()
    # What labs in virtual machines need is not for a machine that is one itself.
    for script in ("script/lab", "script/test"):
        lines = (ROOT / script).read_text().splitlines()
        of_the_vm = [line for line in lines if line.startswith(("- qemu-", "- mkfs.erofs"))]
        assert len(of_the_vm) == 2, script
    listed += of_the_vm
    packages = {line.split()[1]: line.split()[2] for line in listed}
    assert packages == {name: PACKAGES[name] for name in packages}
    # Two come with packages that are there anyway for others: net-tools and util-linux.
    assert set(PURPOSES) - set(packages) == {"route", "nsenter"}
    assert set(packages) <= set(PURPOSES)


def test_the_stamp_follows_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("a==1\n")
    first = bash(f"PYTHON_BASE=x; fingerprint {lock}").stdout
    assert first == bash(f"PYTHON_BASE=x; fingerprint {lock}").stdout
    assert first != bash(f"PYTHON_BASE=y; fingerprint {lock}").stdout
    lock.write_text("a==2\n")
    assert first != bash(f"PYTHON_BASE=x; fingerprint {lock}").stdout


def test_test_says_how_it_is_used() -> None:
    ended = subprocess.run(
        [ROOT / "script" / "test", "nonsense"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert "usage: script/test" in ended.stderr


def test_help_is_no_wrong_usage() -> None:
    ended = subprocess.run([ROOT / "script/test", "--help"], capture_output=True, text=True)
    assert ended.returncode == 0
    assert "script/test --all" in ended.stdout
    assert not any(line.startswith(("#", "set ")) for line in ended.stdout.splitlines())
    assert ended.stderr == ""


# -- the virtual machine -----------------------------------------------------------------------


def provision(code: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run some lines with the functions of script/provision at hand."""
    return subprocess.run(
        ["bash", "-c", f". {ROOT}/script/provision; {code}"],
        capture_output=True,
        text=True,
        check=check,
        stdin=subprocess.DEVNULL,
    )


def test_the_settings_of_the_machine_are_documented() -> None:
    page = (ROOT / "docs/howto/vagrant.md").read_text()
    settings = set(re.findall(r"NSLAB_VM_[A-Z]+", (ROOT / "Vagrantfile").read_text()))
    assert settings == set(re.findall(r"NSLAB_VM_[A-Z]+", page))
    defaults = dict(re.findall(r'"(NSLAB_VM_[A-Z]+)", (\d+),', (ROOT / "Vagrantfile").read_text()))
    assert defaults.keys() == settings - {"NSLAB_VM_LAN"}
    for name, default in defaults.items():
        heading = re.search(rf"#   {name} .*", (ROOT / "Vagrantfile").read_text())
        assert heading is not None
        assert re.search(rf"\b{default}\b", heading[0])
        assert re.search(rf"`{name}`\s+\([^)]*\b{default}\b", page)


def test_a_machine_takes_a_changed_checkout_and_keeps_an_equal_one(tmp_path: Path) -> None:
    new, home = tmp_path / "new", tmp_path / "home"
    (new / "nslab").mkdir(parents=True)
    (new / "nslab" / "a.py").write_text("1\n")
    settle = f"HOME_ROOT={home}; ROOT={new}; settle; echo $ROOT"
    assert provision(settle).stdout == f"{home}\n"
    (home / "nslab" / "__pycache__").mkdir()
    (home / "nslab" / "__pycache__" / "a.pyc").write_text("made by a run")
    before = (home / "nslab").stat().st_ino
    provision(settle)
    assert (home / "nslab").stat().st_ino == before
    (new / "nslab" / "a.py").write_text("2\n")
    (new / "nslab" / "b.py").write_text("")
    provision(settle)
    assert (home / "nslab" / "a.py").read_text() == "2\n"
    assert {path.name for path in home.parent.iterdir()} == {"new", "home"}


def test_the_token_is_drawn_once_and_for_root_only(tmp_path: Path) -> None:
    file = tmp_path / "etc" / "jupyter.env"
    for _ in range(2):
        provision(f"SETTINGS={file}; PYTHON=python3; settings; settings")
    first = file.read_text()
    assert re.fullmatch(r"JUPYTER_TOKEN=[\w-]{30,}\n", first)
    assert file.stat().st_mode & 0o777 == 0o600
    provision(f"SETTINGS={file}; PYTHON=python3; settings")
    assert file.read_text() == first


def test_a_stage_that_fails_is_named_with_the_last_words(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = f"LOG={log}; exec 3>&1 >>$LOG 2>&1; trap 'ended $?' EXIT; "
    code += "stage one; stage two; echo noise"
    ended = provision(f"{code}; die 'no network'", check=False)
    assert ended.returncode == 1
    assert ended.stdout.startswith("[1/5] one\n[2/5] two\nIt failed at: two.")
    assert "    error: no network\n" in ended.stdout
    assert "vagrant provision" in ended.stdout
    assert provision(code).stdout == "[1/5] one\n[2/5] two\n"
    assert "noise" in log.read_text()


def test_a_machine_is_set_up_by_root_only() -> None:
    refused = subprocess.run(
        ["bash", "-c", f"id() {{ echo 1000; }}; . {ROOT}/script/provision; main"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 1
    assert "run it as root" in refused.stderr


# -- the wheel ---------------------------------------------------------------------------------


def test_the_wheel_works_away_from_the_checkout(tmp_path: Path) -> None:
    site = wheel.install(tmp_path)
    home = tmp_path / "home"
    where = wheel.run(site, "-c", "import nslab; print(nslab.__file__)", home=home)
    assert where.stdout.strip() == str(site / "nslab" / "__init__.py"), where.stderr
    version = wheel.run(site, "-m", "nslab", "--version", home=home)
    assert version.stdout == f"nslab {nslab.__version__}\n", version.stderr
    shipped = {
        path.relative_to(site / "nslab" / "notebooks")
        for path in (site / "nslab" / "notebooks").rglob("*.ipynb")
    }
    assert shipped == {path.relative_to(ROOT / "notebooks") for path in LESSONS}
    code = "from nslab.cli import notebooks; print(notebooks.source()[0]); "
    code += "print(notebooks.lessons(notebooks.source()[0]) and notebooks.prepare())"
    prepared = wheel.run(site, "-c", code, home=home)
    assert prepared.stdout.splitlines()[0] == str(site / "nslab" / "notebooks"), prepared.stderr
    if LESSONS:
        assert prepared.stdout.splitlines()[1] == str(home / "nslab-notebooks")
    assert not (site / "tests").exists()
    assert (site / "nslab-0.1.0.dist-info" / "licenses" / "LICENSE").exists()
