"""The image of a virtual machine: made, found, checked, removed.

::

    ~/.cache/nslab/vm/            NSLAB_CACHE names another place than ~/.cache/nslab
        apt/, wheels/             what was downloaded, kept for the next build
        images/DIGEST/            vmlinuz, initrd, root.erofs, manifest.json
        states/DIGEST/            the memory and the devices of a machine that waits to be asked

A directory appears whole or not at all: it is made under another name and renamed.  The same
packages give the same bytes.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from nslab.engine import stopping
from nslab.engine.telling import Tell
from nslab.engine.vm import archive, debian, recipe
from nslab.engine.vm.debian import run
from nslab.engine.vm.trouble import BuildFailed

ROOM = 900 << 20
"""Bytes that a build needs on the disk at most; an image takes a fifth of that in the end."""

FILES = ("vmlinuz", "initrd", "root.erofs")
EPOCH = 1_700_000_000
"""The one time of all files in an image, in seconds since 1970."""

UUID = "6e736c61-6200-4000-8000-000000000001"


def cache() -> Path:
    """Where images live: below NSLAB_CACHE, XDG_CACHE_HOME or ~/.cache."""
    own = os.environ.get("NSLAB_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return (Path(own or f"{base}/nslab") / "vm").absolute()


class Image(Struct, frozen=True):
    """An image that is whole.  ``packages`` and ``sums`` are as they were when it was made."""

    path: str
    recipe: str
    kernel: str
    packages: dict[str, str]
    sums: dict[str, str]
    built: int
    """Seconds since 1970."""

    @property
    def digest(self) -> str:
        """Differs between images with other contents."""
        return hashlib.sha256(json.dumps(self.sums, sort_keys=True).encode()).hexdigest()[:16]

    def file(self, name: str) -> Path:
        return Path(self.path) / name

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(self.file(name).stat().st_size for name in FILES)

    def whole(self) -> bool:
        """Whether no byte of it has changed since it was made; reads all of it."""
        try:
            return all(_sum(self.file(name)) == self.sums[name] for name in FILES)
        except OSError:
            return False


def images() -> list[Image]:
    """All images of this user, the newest first; also those made by another nslab."""
    found = []
    for path in cache().glob("images/*/manifest.json"):
        with contextlib.suppress(OSError, ValueError, TypeError):
            made = Image(path=str(path.parent), **json.loads(path.read_text()))
            if all(made.file(name).exists() for name in FILES):
                found.append(made)
    return sorted(found, key=lambda image: -image.built)


def newest() -> Image | None:
    """The newest image that this nslab can use."""
    wanted = recipe.digest()
    return next((image for image in images() if image.recipe == wanted), None)


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Have one process at a time build; the lock ends with the process."""
    cache().mkdir(parents=True, exist_ok=True)
    with open(cache() / f"{name}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build(tell: Tell) -> Image:
    """Make an image of the newest packages.  The same packages give the image that is there.

    :raises BuildFailed: says at which step, and what to do
    """
    _check_place()
    with locked("build"):
        try:
            # Stop breaks the work off, and not the clearing up after it.
            with (
                stopping.Region(),
                tempfile.TemporaryDirectory(prefix="build-", dir=cache()) as directory,
                stopping.Raising(),
            ):
                return _build(Path(directory), tell)
        except OSError as error:
            raise BuildFailed(
                "write the image",
                f"{error.filename or cache()}: {error.strerror}",
                "make room on that disk, or name another directory: NSLAB_CACHE=/somewhere",
            ) from error


def _check_place() -> None:
    if os.uname().machine != "x86_64":
        raise BuildFailed(
            "begin",
            f"images are made for x86_64 processors, and this is {os.uname().machine}",
            "use the Vagrant VM, or a Linux machine by ssh",
        )
    try:
        cache().mkdir(parents=True, exist_ok=True)
        left = shutil.disk_usage(cache()).free
    except OSError as error:
        raise BuildFailed(
            "begin",
            f"cannot write to {error.filename}: {error.strerror}",
            "name another directory: NSLAB_CACHE=/somewhere",
        ) from error
    if left < ROOM:
        raise BuildFailed(
            "begin",
            f"there are {left >> 20} MB left on the disk of {cache()}, and it takes {ROOM >> 20}",
            "make room there, or name another directory: NSLAB_CACHE=/somewhere",
        )
    for old in cache().glob("build-*"):
        # Nobody who builds holds the lock for another's directory: it was killed.
        with contextlib.suppress(OSError):
            if time.time() - old.stat().st_mtime > 3600:
                shutil.rmtree(old)


def _build(work: Path, tell: Tell) -> Image:
    def part(begin: float, end: float) -> Tell:
        return lambda what, done: tell(what, begin + done * (end - begin))

    packages = debian.Apt(cache() / "apt").download(recipe.PACKAGES, part(0.0, 0.35))
    wheels = _wheels(part(0.35, 0.4))
    content = {
        "recipe": recipe.digest(),
        "packages": debian.versions(packages) | recipe.python_versions(),
    }
    name = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
    there = next((image for image in images() if Path(image.path).name == name), None)
    if there is not None and there.whole():
        tell("it is there already, and whole", 1.0)
        return there
    root, new = work / "root", work / "new"
    new.mkdir()
    debian.unpack(packages, root, part(0.4, 0.6))
    tell("setting up", 0.6)
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as file:
            file.extractall(root / "usr/lib/python3/dist-packages")
    _furnish(root)
    release = _kernel(root, new)
    tell("compiling Python's modules", 0.65)
    _compile(root, "usr/lib/python3.11", "usr/lib/python3/dist-packages")
    tell("making the initial file system", 0.8)
    _initrd(root, release, new / "initrd")
    shutil.rmtree(root / "boot")
    tell("packing the root file system", 0.82)
    run(
        [
            "mkfs.erofs",
            "-zlz4",
            "--all-root",
            f"-T{EPOCH}",
            f"-U{UUID}",
            "--quiet",
            str(new / "root.erofs"),
            str(root),
        ],
        "pack the root file system",
    )
    tell("checking", 0.97)
    sums = {name: _sum(new / name) for name in FILES}
    manifest = {**content, "kernel": release, "sums": sums, "built": int(time.time())}
    (new / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))
    target = cache() / "images" / name
    target.parent.mkdir(exist_ok=True)
    with stopping.Region():
        if target.exists():  # damaged, or half of one
            shutil.rmtree(target)
        new.rename(target)
    tell("done", 1.0)
    return Image(path=str(target), **manifest)  # type: ignore[arg-type]


def _sum(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _wheels(tell: Tell) -> list[Path]:
    """The agent's Python packages, for the machine's Python."""
    tell("fetching the agent's Python packages", 0.0)
    directory = cache() / "wheels"
    found = []
    for name, version in sorted(recipe.python_versions().items()):
        pattern = f"{name}-{version}-*.whl"
        if not list(directory.glob(pattern)):
            run(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "pip",
                    "--disable-pip-version-check",
                    "download",
                    "--quiet",
                    "--no-deps",
                    "--only-binary=:all:",
                    "--python-version=3.11",
                    "--implementation=cp",
                    "--platform=manylinux_2_28_x86_64",
                    "--platform=manylinux_2_17_x86_64",
                    "--platform=manylinux2014_x86_64",
                    f"--dest={directory}",
                    f"{name}=={version}",
                ],
                "fetch the agent's Python packages",
            )
        found += sorted(directory.glob(pattern))[:1]
    return found


def _furnish(root: Path) -> None:
    """What the packages' own scripts would have done."""
    for directory in ("dev", "proc", "sys", "run", "tmp", "opt", "root", "etc", "var/tmp"):
        (root / directory).mkdir(parents=True, exist_ok=True)
    for path, text in recipe.FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).unlink(missing_ok=True)
        (root / path).write_text(text)
    for path, target in recipe.ALTERNATIVES.items():
        (root / path).unlink(missing_ok=True)
        (root / path).symlink_to(target)


def _inside(root: Path, program: str, *words: str) -> list[str]:
    """A program of the image run here, by its own loader, on its own libraries."""
    libraries = f"{root}/usr/lib/x86_64-linux-gnu"
    loader = f"{libraries}/ld-linux-x86-64.so.2"
    return [
        loader,
        "--argv0",
        Path(program).name,
        "--library-path",
        libraries,
        f"{root}/{program}",
        *words,
    ]


def _compile(root: Path, *directories: str) -> None:
    """Byte code beside the modules: without it each start would compile them, emulated."""
    script = (
        "import compileall, py_compile, sys\n"
        "for path in sys.argv[2:]:\n"
        "    compileall.compile_dir(f'{sys.argv[1]}/{path}', stripdir=sys.argv[1], quiet=2,\n"
        "        prependdir='/', force=True,\n"
        "        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)\n"
    )
    words = ("-S", "-c", script, str(root), *directories)
    argv = ["env", "-u", "PYTHONPATH", f"PYTHONHOME={root}/usr", "PYTHONHASHSEED=0"]
    run([*argv, *_inside(root, "usr/bin/python3.11", *words)], "compile Python's modules")


def _kernel(root: Path, new: Path) -> str:
    """Take the kernel out, and leave only the modules that are wanted; its release."""
    (kernel,) = (root / "boot").glob("vmlinuz-*")
    release = kernel.name.removeprefix("vmlinuz-")
    shutil.copyfile(kernel, new / "vmlinuz")
    directory = root / "usr/lib/modules" / release
    depmod = _inside(root, "usr/bin/kmod", "-b", str(root / "usr"), release)
    depmod[2] = "depmod"
    run(depmod, "list the kernel's modules")
    needs = _dependencies(directory)
    wanted: set[str] = set()
    for name in (*recipe.BOOT_MODULES, *recipe.MODULES):
        if name in needs:
            wanted |= {name, *needs[name][1]}
        elif not _built_in(directory, name):
            raise BuildFailed("choose the kernel's modules", f"kernel {release} has no {name}")
    kept = {needs[name][0] for name in wanted}
    for path in directory.rglob("*.ko*"):
        if str(path.relative_to(directory)) not in kept:
            path.unlink()
    run(depmod, "list the kernel's modules")
    return release


def _dependencies(directory: Path) -> dict[str, tuple[str, tuple[str, ...]]]:
    """From modules.dep: each module's file, and the modules it needs, the first needed last."""
    found = {}
    for line in (directory / "modules.dep").read_text().splitlines():
        file, _, needed = line.partition(":")
        found[_module(file)] = (file, tuple(_module(path) for path in needed.split()))
    return found


def _module(path: str) -> str:
    return path.rpartition("/")[2].partition(".ko")[0].replace("-", "_")


def _built_in(directory: Path, name: str) -> bool:
    lines = (directory / "modules.builtin").read_text().splitlines()
    return name in {_module(line) for line in lines}


def _initrd(root: Path, release: str, target: Path) -> None:
    """What the kernel unpacks first: busybox, the modules for the disk, and the first script."""
    directory = root / "usr/lib/modules" / release
    needs = _dependencies(directory)
    order: list[str] = []
    for name in recipe.BOOT_MODULES:
        if name in needs:
            for module in (*reversed(needs[name][1]), name):
                if module not in order:
                    order.append(module)
    entries = [
        archive.directory(name)
        for name in ("bin", "dev", "lower", "modules", "proc", "root", "sys", "upper")
    ]
    entries.append(archive.file("bin/busybox", (root / "usr/bin/busybox").read_bytes(), 0o755))
    entries.append(archive.link("bin/sh", "busybox"))
    script = recipe.INIT.replace("MODULES", " ".join(recipe.MODULES))
    entries.append(archive.file("init", script.encode(), 0o755))
    names = []
    for module in order:
        path = directory / needs[module][0]
        names.append(path.name)
        entries.append(archive.file(f"modules/{path.name}", path.read_bytes()))
    entries.append(archive.file("modules/order", " ".join(names).encode()))
    target.write_bytes(archive.compressed(entries))


def clean(*, downloads: bool = False, all_of_it: bool = False) -> int:
    """Remove what this nslab does not use; the bytes that were freed.

    :param downloads: also the packages that were downloaded
    :param all_of_it: everything, the present image too
    """
    before = used()
    present = newest()
    for image in images():
        if all_of_it or present is None or image.path != present.path:
            shutil.rmtree(image.path, ignore_errors=True)
    for path in cache().glob("states/*"):
        if all_of_it or present is None or not path.name.startswith(present.digest):
            shutil.rmtree(path, ignore_errors=True)
    if downloads or all_of_it:
        for name in ("apt", "wheels"):
            shutil.rmtree(cache() / name, ignore_errors=True)
    return before - used()


def used() -> int:
    """Bytes on the disk below the cache; holes in files do not count."""
    total = 0
    for directory, _, files in os.walk(cache()):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(f"{directory}/{name}").st_blocks * 512
    return total
