"""Debian's packages into a directory, by any user: resolved by apt, unpacked, not installed.

apt works on an empty package database of our own, so that the machine's is neither needed nor
touched.  No script of a package is run.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from nslab.engine import stopping
from nslab.engine.telling import Tell
from nslab.engine.vm import recipe
from nslab.engine.vm.trouble import BuildFailed

KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
)
MIRROR = "http://deb.debian.org"
MIRROR_VARIABLE = "NSLAB_DEBIAN_MIRROR"
"""Names another mirror, one that has debian/ and debian-security/."""


def run(
    argv: list[str], what: str, *, cwd: Path | None = None, output: IO[bytes] | None = None
) -> str:
    """Run a program of the build; its output, unless that goes into a file.  Stop ends it.

    :raises BuildFailed: it failed, with its last words
    """
    environment = {**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
    with stopping.Region():
        try:
            process = subprocess.Popen(
                argv,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if output is None else output,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except FileNotFoundError:
            raise BuildFailed(
                what, f"there is no {argv[0]} on this machine", _package_of(argv[0])
            ) from None
        with process:
            try:
                with stopping.Raising():
                    said, complained = process.communicate()
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)  # with its children; it is waited for
                raise
    if process.returncode:
        lines = (complained or said).strip().splitlines()
        errors = [line for line in lines if line.startswith("E: ")] or lines[-1:]
        raise BuildFailed(what, "; ".join(errors[:2]) or f"{argv[0]} failed", _remedy(lines))
    return said or ""


def _package_of(program: str) -> str:
    packages = {"mkfs.erofs": "erofs-utils", "dpkg-deb": "dpkg", "apt-get": "apt"}
    if program in ("apt-get", "dpkg-deb") and not shutil.which("apt-get"):
        return (
            "the image is made of Debian's packages, with Debian's or Ubuntu's tools: make it on "
            "such a machine and copy the directory that nslab vm status names"
        )
    return f"sudo apt-get install {packages.get(program, program)}"


def _remedy(lines: Iterable[str]) -> str:
    text = "\n".join(lines)
    if "No space left" in text or "enough free space" in text:
        return "make room on that disk, or name another directory: NSLAB_CACHE=/somewhere"
    if "Temporary failure" in text or "Could not connect" in text or "Could not resolve" in text:
        return (
            "Debian's mirror must be reachable while the image is made; if yours is another one, "
            f"name it: {MIRROR_VARIABLE}=http://mirror.example"
        )
    if "Unable to locate package" in text or "has no installation candidate" in text:
        return (
            "the mirror that was asked does not have it: name another one, such as\n"
            f"{MIRROR_VARIABLE}={MIRROR}"
        )
    return ""


class Apt:
    """apt with a state of its own below a directory, which also keeps what was downloaded."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        for part in ("lists/partial", "cache/archives/partial", "state"):
            (directory / part).mkdir(parents=True, exist_ok=True)
        (directory / "status").write_text("")
        self._options = [
            f"Dir::State={directory}/state",
            f"Dir::State::lists={directory}/lists",
            f"Dir::State::status={directory}/status",
            f"Dir::Cache={directory}/cache",
            f"APT::Architecture={recipe.ARCHITECTURE}",
            "APT::Architectures::=",
            "Debug::NoLocking=1",
            "APT::Install-Recommends=0",
            "APT::Sandbox::User=",
            "Acquire::Retries=3",
            "APT::Update::Error-Mode=any",
            "Acquire::Languages=none",
            *self._sources(),
        ]

    def _sources(self) -> list[str]:
        """The machine's own sources if it is the same Debian (proxies and mirrors), else ours."""
        mirror = os.environ.get(MIRROR_VARIABLE)
        system = platform.freedesktop_os_release()
        if not mirror and (system.get("ID"), system.get("VERSION_CODENAME")) == (
            "debian",
            recipe.SUITE,
        ):
            return []
        keyring = next((path for path in KEYRINGS if os.path.exists(path)), None)
        if keyring is None:
            raise BuildFailed(
                "find Debian's packages",
                "the keys that they are signed with are not here",
                "sudo apt-get install debian-archive-keyring",
            )
        mirror = (mirror or MIRROR).rstrip("/")
        suite = recipe.SUITE
        lines = [
            f"deb [signed-by={keyring}] {mirror}/debian {suite} main",
            f"deb [signed-by={keyring}] {mirror}/debian {suite}-updates main",
            f"deb [signed-by={keyring}] {mirror}/debian-security {suite}-security main",
        ]
        path = self._directory / "sources.list"
        path.write_text("\n".join(lines) + "\n")
        return [f"Dir::Etc::sourcelist={path}", "Dir::Etc::sourceparts=/dev/null"]

    def _get(self, what: str, *words: str) -> str:
        options = [word for option in self._options for word in ("-o", option)]
        return run(["apt-get", "-q", *options, "-y", *words], what)

    def download(self, packages: Iterable[str], tell: Tell) -> list[Path]:
        """The files of the packages and of all that they need, newest versions, in fixed order.

        :raises BuildFailed: no mirror answers, or a package is not there
        """
        tell("asking Debian's mirror what is new", 0.0)
        self._get("read Debian's package lists", "update")
        names = sorted(packages)
        # What is to be installed, whether it was downloaded before or not.
        listed = self._get("find the packages", "--simulate", "install", *names)
        wanted = {
            f"{name}_{version.replace(':', '%3a')}_{architecture}.deb"
            for name, version, architecture in _INSTALLED.findall(listed)
        }
        archives = self._directory / "cache" / "archives"
        for old in archives.glob("*.deb"):
            if old.name not in wanted:
                old.unlink()
        missing = sum(not (archives / file).exists() for file in wanted)
        if missing:
            tell(f"downloading {missing} of {len(wanted)} packages", 0.1)
            self._get("download the packages", "--download-only", "install", *names)
        return [archives / file for file in sorted(wanted)]


_INSTALLED = re.compile(r"^Inst (\S+) \((\S+) .*\[(\w+)\]\)", re.MULTILINE)


def unpack(packages: list[Path], root: Path, tell: Tell) -> None:
    """Lay the packages' files out below a directory, as a system with a merged /usr has them."""
    (root / "usr").mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir()
        (root / name).symlink_to(f"usr/{name}")
    left_out = [f"--exclude={path}" for path in recipe.LEFT_OUT]
    for number, package in enumerate(packages):
        tell(f"unpacking {package.name.partition('_')[0]}", number / len(packages))
        archive = root.parent / "archive.tar"
        with open(archive, "wb") as file:
            try:
                run(["dpkg-deb", "--fsys-tarfile", str(package)], "unpack", output=file)
            except BuildFailed:
                package.unlink()  # it is damaged: the next build downloads it anew
                raise BuildFailed(
                    "unpack", f"{package.name} is damaged", "try again: nslab vm build"
                ) from None
        run(
            [
                "tar",
                "-x",
                "-f",
                str(archive),
                "-C",
                str(root),
                "--keep-directory-symlink",
                "--no-same-owner",
                *left_out,
            ],
            f"unpack {package.name}",
        )
        archive.unlink()


def versions(packages: list[Path]) -> dict[str, str]:
    """Name and version of each package file."""
    return {
        name: version.replace("%3a", ":")
        for name, version, _ in (package.name.split("_", 2) for package in packages)
    }
