"""Build the documentation: static pages that need no network.

    python docs/build.py [--into FOLDER] [--language LANGUAGE]

Whatever Sphinx warns of is an error, and so is a link to nothing or a page that would ask another
machine for anything.  script/docs calls this after installing what is missing.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "docs"), str(ROOT)]

from parts import links, pages  # noqa: E402


def build(into: Path, language: str = "en") -> list[str]:
    """Build all pages; what is wrong with them, line by line.

    :param into: the folder of the finished pages; a site that is there is replaced
    :raises FileExistsError: there is something else in it
    :raises subprocess.CalledProcessError: Sphinx failed or warned; it has said of what
    """
    if into.exists() and any(into.iterdir()) and not (into / ".buildinfo").exists():
        raise FileExistsError(f"{into} holds something else than a site: name another folder")
    with tempfile.TemporaryDirectory(prefix="nslab-docs-") as scratch:
        source = Path(scratch) / "source"
        source.mkdir()
        pages.assemble(source, language)
        command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet"]
        command += ["--jobs", "auto", "-D", f"language={language}", "-d", f"{scratch}/doctrees"]
        made = Path(scratch) / "site"
        subprocess.run([*command, "-b", "html", str(source), str(made)], check=True)
        shutil.rmtree(into, ignore_errors=True)
        shutil.copytree(made, into)
    return links.problems(into)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Build the documentation into static pages.")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="default: build/docs")
    parser.add_argument("--language", default="en", help="such as de; default: en")
    options = parser.parse_args()
    default = ROOT / "build" / "docs"
    into = options.into or (default if options.language == "en" else default / options.language)
    try:
        found = build(into.resolve(), options.language)
    except subprocess.CalledProcessError as error:
        return error.returncode
    except FileExistsError as error:
        print(error)
        return 1
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{len(list(into.rglob('*.html')))} pages: {into.resolve() / 'index.html'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
