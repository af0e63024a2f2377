"""Where the lessons are, copies of them that are the learner's own, and JupyterLab on top.

The lessons are kept with their outputs, which the tests compare.  A learner gets them without: what
a cell will print is to be guessed first, and a picture that is there already is no answer of one's
own lab.  ``--executed`` opens them as they were executed.

JupyterLab shows the pictures of a notebook only if it trusts it: if this user's key has signed its
outputs.  A fresh clone or copy is not signed, so it is done here.
"""

from __future__ import annotations

import json
import os
import shlex
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from nslab.course import files
from nslab.errors import NslabError, os_cause

COPY, EXECUTED = "nslab-notebooks", "nslab-notebooks-executed"
"""The folders of a learner's copies: without outputs, and with them."""


def source() -> tuple[Path, bool]:
    """Where the lessons were installed, and whether that is a checkout, to be worked in."""
    package = Path(__file__).resolve().parents[1]
    checkout = package.parent
    if (checkout / "pyproject.toml").exists() and (checkout / "notebooks").is_dir():
        return checkout / "notebooks", True
    return package / "notebooks", False


def untrusted() -> list[str] | None:
    """The lessons that this user's JupyterLab does not trust.

    None if there is no Jupyter, or no home in which it could keep what it trusts.
    """
    folder = _target(executed=False)
    if not folder.is_dir():  # a terminal on a hub begins in the lessons' own folder
        folder = Path.cwd() if Path.cwd().name == COPY else source()[0]
    try:
        return [path.name for path in lessons(folder) if not _trusted(path)]
    except (ImportError, OSError, sqlite3.Error):
        return None


def lessons(folder: Path) -> list[Path]:
    """The notebooks in a folder, in order, those in its folders too."""
    found = folder.rglob("*.ipynb")
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def _target(*, executed: bool) -> Path:
    """Where copies are made if nobody says where: in the checkout, or where the learner is."""
    folder, checkout = source()
    home = folder.parent if checkout and os.access(folder.parent, os.W_OK) else Path.cwd()
    return home / (EXECUTED if executed else COPY)


def open_lab(
    directory: Path | None,
    *,
    port: int | None,
    browser: bool,
    rest: Sequence[str],
    executed: bool = False,
) -> NoReturn:
    """Replace this process by JupyterLab on the lessons.

    :param directory: where the copy is; None for the usual place
    :param port: JupyterLab's; None for the first that is free from 8888 on
    :param browser: open one
    :param rest: what else JupyterLab is given
    :param executed: with the outputs that the lessons are kept with
    """
    folder = prepare(directory, executed=executed)
    print(f"The lessons are in {folder}.  Ctrl-C twice ends JupyterLab.", file=sys.stderr)
    # JupyterLab refuses an option that is there twice: the learner's own is the one that counts.
    given = {word.split("=")[0] for word in rest}
    ours = [word for word in options(folder, port, browser) if word.split("=")[0] not in given]
    argv = [sys.executable, "-P", "-m", "jupyterlab", *ours, *rest]
    # Terminals in the page know the command nslab, and its Python.
    programs = os.path.dirname(sys.executable)
    os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", os.defpath)])
    sys.stderr.flush()
    os.execv(argv[0], argv)


def prepare(directory: Path | None = None, *, executed: bool = False) -> Path:
    """The folder to work in, with the lessons in it, trusted.

    :param directory: where the copy is; None for the usual place
    :param executed: with their outputs; in a checkout that may be written, the lessons themselves
    :raises NslabError: there are no lessons, no Jupyter, or the folder cannot be written
    """
    folder, checkout = source()
    if not lessons(folder):
        raise NslabError("open", "the lessons", f"there are none in {folder}", "reinstall nslab")
    try:
        if directory is not None or not (executed and checkout and os.access(folder, os.W_OK)):
            target = directory or _target(executed=executed)
            folder = copy(folder, target, cleared=not executed)
        for path in lessons(folder):
            try:
                trust(path)
            except NslabError as error:
                # One broken file is no reason to keep the others from being opened.
                print(error, file=sys.stderr)
    except ImportError as error:
        raise NslabError(
            "open",
            "the lessons",
            f"{error.name} is not installed",
            "in the checkout: script/lab\nor: python3 -m pip install jupyterlab",
        ) from error
    except OSError as error:
        raise NslabError(
            "copy the lessons to",
            str(error.filename or directory),
            os_cause(error.errno or 5),
            "choose another folder: nslab lab --dir DIR",
        ) from error
    return folder


def copy(folder: Path, target: Path, *, cleared: bool = False) -> Path:
    """Copy what is not there yet; a file that is there stays as it is.

    :param folder: from where
    :param target: to where
    :param cleared: notebooks without their outputs
    :returns: the target as a whole path
    :raises OSError: it cannot be written
    """
    target = target.expanduser().resolve()
    for path in sorted(folder.rglob("*")):
        there = target / path.relative_to(folder)
        if path.is_dir() or there.exists() or ".ipynb_checkpoints" in path.parts:
            continue
        there.parent.mkdir(parents=True, exist_ok=True)
        data = path.read_bytes()
        if cleared and path.suffix == ".ipynb":
            data = without_outputs(data)
        files.write(there, data)  # half a file would be one that is there, for ever
    return target


def without_outputs(notebook: bytes) -> bytes:
    """A notebook as nobody has run it; what is none stays as it is."""
    try:
        book = json.loads(notebook)
        for cell in book["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
        book["metadata"].pop("widgets", None)
    except (ValueError, KeyError, TypeError):
        return notebook
    return json.dumps(book, indent=1, ensure_ascii=False).encode() + b"\n"


def trust(path: Path) -> None:
    """Sign a notebook's outputs with this user's key, as ``jupyter trust`` does."""
    import nbformat
    from nbformat.sign import NotebookNotary

    try:
        lesson = nbformat.read(path, as_version=4)
    except (ValueError, nbformat.ValidationError) as error:
        raise NslabError("trust", str(path), "it is not a notebook", "delete it") from error
    try:
        with NotebookNotary() as notary:
            notary.sign(lesson)
    except (OSError, sqlite3.Error) as error:
        raise NslabError(
            "trust",
            str(path),
            f"your home cannot be written: {error}",
            "its saved pictures show after you have run its cells",
        ) from error


def _trusted(path: Path) -> bool:
    import nbformat
    from nbformat.sign import NotebookNotary

    try:
        lesson = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError):
        return False
    with NotebookNotary() as notary:
        return bool(notary.check_signature(lesson))


def _terminals() -> str:
    """Their shells, where JupyterLab was started from no terminal and makes them login shells.

    Such a one sets its own PATH: it is given back the folder of ``nslab`` and its Python.
    """
    shell = shlex.quote(os.environ.get("SHELL") or "/bin/sh")
    programs = shlex.quote(os.path.dirname(sys.executable))
    words = [shell, "-l", "-c", shlex.quote(f'export PATH={programs}:"$PATH"; exec {shell}')]
    return f"--ServerApp.terminado_settings=shell_command={' '.join(words)}"


def options(folder: Path, port: int | None, browser: bool) -> list[str]:
    """JupyterLab's options: this machine only, nothing fetched, the first lesson open."""
    first = lessons(folder)[0].relative_to(folder)
    chosen = [
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.ip=127.0.0.1",
        f"--LabApp.default_url=/lab/tree/{first.as_posix()}",
        # It asks the network for news, updates and extensions otherwise.
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
        # Nor does it ask the learner whether it may: settings of ours in place of the system's.
        f"--LabApp.app_settings_dir={Path(__file__).parent / 'jupyterlab'}",
        "--LabApp.extension_manager=readonly",
        # What lab.terminal needs to put a terminal beside the notebook, and not in front of it.
        "--LabApp.expose_app_in_browser=True",
    ]
    chosen += [] if sys.stdout.isatty() else [_terminals()]
    if port is not None:
        # The port that was asked for, or an error; not the next one that is free.
        chosen += [f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    if not browser:
        chosen.append("--no-browser")
    if os.geteuid() == 0:
        chosen.append("--allow-root")
    return chosen
