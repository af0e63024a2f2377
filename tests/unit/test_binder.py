"""binder/: what repo2docker makes of it, what is tried before Jupyter starts, the page about it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import dockerfile
import pytest
from test_setup import LOCKS, pinned

from nslab.engine.messages import TERMINALS
from nslab.engine.vm import image, qemu
from nslab.network.programs import PACKAGES

ROOT = Path(__file__).resolve().parents[2]
BINDER = ROOT / "binder"
APT = {line for line in (BINDER / "apt.txt").read_text().splitlines() if line and line[0] != "#"}
ENGINE_INSIDE = {"docker.io", "runc"}
"""Of a lesson's optional part: left out, they would double the image."""


@pytest.fixture(scope="module")
def text() -> str:
    return dockerfile.generated(ROOT)


@pytest.fixture(scope="module")
def steps(text: str) -> list[dockerfile.Step]:
    return dockerfile.steps(text, {"NB_USER": "jovyan", "NB_UID": "1000"})


def runs(steps: list[dockerfile.Step], part: str) -> dockerfile.Step:
    (found,) = (step for step in steps if step.word == "RUN" and part in step.text)
    return found


# -- what repo2docker makes of it --------------------------------------------------------------


def test_the_python_that_is_asked_for(text: str) -> None:
    assert "environment-2epy-2d3-2e11-2d" in text, "the lock for Python 3.11"
    assert (BINDER / "runtime.txt").read_text() == "python-3.11\n"


def test_it_installs_every_package_of_apt_txt(steps: list[dockerfile.Step]) -> None:
    step = runs(steps, "qemu-system-x86")
    words = step.text.split("&&")[1].split()
    assert words[:4] == ["apt-get", "install", "--yes", "--no-install-recommends"]
    assert (set(words[4:]), step.user) == (APT, "root")


def test_it_installs_the_requirements_when_the_lock_is_there(steps: list[dockerfile.Step]) -> None:
    step = runs(steps, "binder/requirements.txt")
    assert (step.user, step.directory) == ("jovyan", "/home/jovyan")
    copied = next(s for s in steps if s.word == "COPY" and s.text.split()[1] == "src/")
    assert steps.index(copied) < steps.index(step)
    assert "--chown=1000:1000" in copied.text.split()


def test_it_runs_post_build_as_the_user_after_all_that(steps: list[dockerfile.Step]) -> None:
    step = runs(steps, "./binder/postBuild")
    assert (step.user, step.directory) == ("jovyan", "/home/jovyan")
    assert steps.index(step) > steps.index(runs(steps, "binder/requirements.txt"))


def test_start_comes_before_jupyter(steps: list[dockerfile.Step]) -> None:
    assert steps[-1].env["R2D_ENTRYPOINT"] == "/home/jovyan/binder/start"
    assert (steps[-1].word, steps[-1].user) == ("CMD", "jovyan")


# -- the lists ---------------------------------------------------------------------------------


def test_apt_txt_has_what_a_checkout_installs_and_the_virtual_machine_needs() -> None:
    common = (ROOT / "script/common.sh").read_text()
    listed = common.partition("SYSTEM_PACKAGES <<'END'")[2].partition("\nEND")[0]
    wanted = {line.split()[2] for line in listed.splitlines() if line[:1] in ("!", "-")}
    machine = {"qemu-system-x86", "erofs-utils", "debian-archive-keyring"}
    assert wanted >= ENGINE_INSIDE
    # Both bases have bash.
    assert (wanted | machine) - ENGINE_INSIDE - {"bash"} <= APT
    assert wanted | machine | set(PACKAGES.values()) >= APT


def test_the_lock_is_that_of_the_lab_and_notebook_besides() -> None:
    assert (BINDER / "requirements.txt").read_text().splitlines()[-1] == (
        "-r ../requirements/binder.txt"
    )
    lab, test, binder = pinned("lab"), pinned("test"), pinned("binder")
    assert {name: binder[name] for name in lab} == lab
    assert {name: binder[name] for name in binder.keys() - lab.keys()} == {
        "notebook": test["notebook"]
    }
    assert "--hash=sha256:" in LOCKS["binder"]


# -- start -------------------------------------------------------------------------------------


def stub(directory: Path, name: str, lines: str) -> None:
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/bash\n{lines}\n")
    path.chmod(0o755)


class Place:
    """A folder to start in, where nslab answers as it is told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()

    def answers(
        self, *, doctor: str = "exit 0", status: str = "exit 0", lab: str = "exit 0"
    ) -> None:
        nslab = f'case "$*" in doctor) {doctor} ;; "vm status") {status} ;; *) exit 99 ;; esac'
        stub(self.folder / "bin", "nslab", nslab)
        # A lab is tried by Python; the page is written by the real one.
        real = f'exec /usr/bin/env PATH="{os.environ["PATH"]}" python3 "$@"'
        python = f'if [ "$1" = -c ]; then {lab}; fi\n{real}'
        stub(self.folder / "bin", "python3", python)

    def start(self, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", **settings}
        return subprocess.run(
            [BINDER / "start", *command],
            cwd=self.home,
            env=environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def engine(self, **settings: str) -> str:
        """The engine that Jupyter would find."""
        done = self.start("sh", "-c", 'printf %s "${NSLAB_ENGINE-none}"', **settings)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def page(self) -> str:
        cells = json.loads((self.home / "welcome.ipynb").read_text())["cells"]
        return "".join(cells[0]["source"])


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


REFUSED = "echo 'unshare: not permitted' >&2; exit 1"


def test_labs_are_local_where_they_can_be(place: Place) -> None:
    place.answers(status="exit 1")
    assert place.engine() == "local"
    assert "namespaces of their own" in place.page()
    assert "notebooks/00-start-here.ipynb" in place.page()


def test_else_they_are_in_the_virtual_machine(place: Place) -> None:
    place.answers(doctor=REFUSED)
    assert place.engine() == "vm"
    assert "in a virtual machine" in place.page()
    assert "not permitted" not in place.page()


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"status": "echo 'no: run nslab vm build'; exit 1"}, "vm: no: run nslab vm build"),
        ({"lab": "echo 'NoMachine: killed' >&2; exit 1"}, "vm: NoMachine: killed"),
        ({"lab": "exit 1"}, "vm: it failed without a word"),
    ],
)
def test_where_neither_works_the_page_says_why(
    place: Place, answers: dict[str, str], words: str
) -> None:
    place.answers(doctor=REFUSED, **answers)
    assert place.engine() == "none"
    assert place.page().startswith("# No lab can run here\n")
    assert "local: unshare: not permitted" in place.page()
    assert words in place.page()


def test_without_nslab_jupyter_starts_too(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whoever runs these tests may have one of their own.
    others = os.environ["PATH"].split(":")
    kept = [each for each in others if not Path(each, "nslab").exists()]
    monkeypatch.setenv("PATH", ":".join(kept))
    place.answers(lab="exit 1")
    (place.folder / "bin/nslab").write_text("#!/no/such/interpreter\n")
    assert place.engine() == "none"
    assert "No lab can run here" in place.page()


def test_an_engine_that_was_named_is_not_questioned(place: Place) -> None:
    place.answers(doctor=REFUSED, status="exit 1")
    assert place.engine(NSLAB_ENGINE="ssh:elsewhere") == "ssh:elsewhere"
    assert "`ssh:elsewhere`" in place.page()


def test_the_last_page_stays_if_there_is_no_new_one(place: Place) -> None:
    place.answers()
    place.engine()
    stub(place.folder / "bin", "python3", "echo half; exit 1")
    assert place.engine() == "local"
    assert "Welcome" in place.page()


def test_the_command_gets_its_arguments_and_start_its_exit_code(place: Place) -> None:
    place.answers()
    done = place.start("sh", "-c", 'printf "[%s]" "$@"; exit 7', "sh", "a b", "", "*")
    assert (done.stdout, done.returncode) == ("[a b][][*]", 7)


def test_what_was_refused_cannot_break_the_page(place: Place) -> None:
    place.answers(doctor="echo '```'; echo '# \"quoted\" $HOME'; exit 1", status="exit 1")
    assert place.engine() == "none"
    assert place.page().count("```") == 2
    assert '# "quoted" $HOME' in place.page()


# -- postBuild ---------------------------------------------------------------------------------


def post_build(place: Place, status: str) -> tuple[int, list[str]]:
    """Its exit code, and what it ran; in a copy, with all programs replaced."""
    copy = place.folder / "copy"
    for name in ("binder", "notebooks", "nslab/cli/jupyterlab"):
        (copy / name).mkdir(parents=True, exist_ok=True)
    (copy / "binder/postBuild").write_text((BINDER / "postBuild").read_text())
    (copy / "nslab/cli/jupyterlab/overrides.json").write_text("{}")
    (copy / "notebooks/00.ipynb").write_text("{}")
    log = place.folder / "log"
    say = f'echo "${{0##*/}} $*" >>{log}'
    stub(place.folder / "bin", "jupyter", say)
    stub(place.folder / "bin", "nslab", f'{say}; [ "$*" != "vm status" ] || {status}')
    prefix = place.folder / "prefix"
    stub(place.folder / "bin", "python3", f'{say}; [ "$1" != -c ] || echo {prefix}')
    done = subprocess.run(
        ["bash", copy / "binder/postBuild"],
        check=False,
        cwd="/",
        stdin=subprocess.DEVNULL,
        env={"PATH": f"{place.folder}/bin:{os.environ['PATH']}", "HOME": str(place.home)},
    )
    assert (prefix / "share/jupyter/lab/settings/overrides.json").exists()
    return done.returncode, log.read_text().splitlines()


def test_the_image_has_the_state_and_no_downloads(place: Place) -> None:
    code, ran = post_build(place, "exit 0")
    assert code == 0
    assert "--no-deps" in ran[0]
    assert "--editable ." in ran[0]
    assert "jupyter trust notebooks/00.ipynb" in ran
    assert ran[-3:] == ["nslab vm build", "nslab vm clean --downloads", "nslab vm status"]


def test_an_image_without_a_state_is_not_built(place: Place) -> None:
    assert post_build(place, "exit 1")[0] == 1


# -- the badge ---------------------------------------------------------------------------------


def test_the_badge_opens_the_page() -> None:
    readme = (ROOT / "README.md").read_text()
    (address,) = re.findall(r"https://mybinder\.org/v2/[^\s)]+", readme)
    assert address.endswith("?urlpath=lab/tree/welcome.ipynb")


# -- the virtual machine in there --------------------------------------------------------------


def test_what_qemu_translates_is_bounded(tmp_path: Path) -> None:
    """It would fill a pod otherwise."""
    made = image.Image(path=str(tmp_path), recipe="", kernel="", packages={}, sums={}, built=0)
    ends = qemu.Ends(3, 4, 5, tuple(range(6, 6 + len(TERMINALS))))
    argv = qemu.command("qemu", made, tmp_path / "initrd", "tcg", ends, memory=None, shared=False)
    assert "tb-size=64" in argv[argv.index("-accel") + 1].split(",")


def test_a_state_stays_valid_in_a_layer_that_has_lost_the_fractions(tmp_path: Path) -> None:
    program = tmp_path / "qemu"
    program.write_text("")
    signatures = set()
    for times in ((5, 1_700_000_000_900_000_000), (5, 1_700_000_000_000_000_000)):
        os.utime(program, ns=times)
        signatures.add(qemu.signature(str(program)))
    assert len(signatures) == 1
    os.utime(program, ns=(5, 1_700_000_001_000_000_000))
    assert qemu.signature(str(program)) not in signatures
