"""A pseudo-host's own /etc: the machine's, with a layer on top that takes what is changed.

In a container, files of /etc are mounts of their own (resolv.conf, hosts, hostname).  A namespace
of a less privileged user gets them locked to what they cover (mount_namespaces(7)), and of a folder
with such mounts the kernel makes no layer: that would uncover it.  Nor does it of what is itself a
layer of a layer.  There a copy is the lower layer, two megabytes in memory.
"""

from __future__ import annotations

import os
from contextlib import suppress
from errno import EINVAL

from nslab.engine.agent.netns.syscalls import mount


def lay(target: str, upper: str, work: str, copy: str) -> None:
    """Mount a layer on a folder.

    :param upper: where what is changed goes
    :param work: an empty folder beside it, the kernel's own
    :param copy: where a copy of the folder goes if it has to be one; made then
    :raises OSError: the kernel refuses it, of a copy too
    """
    own = f"upperdir={upper},workdir={work}"
    try:
        mount("overlay", target, "overlay", 0, f"lowerdir={target},{own}")
    except OSError as error:
        if error.errno != EINVAL:
            raise
        copied(target, copy)
        mount("overlay", target, "overlay", 0, f"lowerdir={copy},{own}")


def copied(source: str, target: str) -> None:
    """Copy a folder with owners and modes, as far as its files can be read.

    What goes away meanwhile, as useradd's locks and an editor's copies do, is left out.

    :raises OSError: the target cannot be written
    """
    os.mkdir(target)
    with suppress(PermissionError), os.scandir(source) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                _copied(entry, f"{target}/{entry.name}")


def _copied(entry: os.DirEntry[str], there: str) -> None:
    import shutil  # not needed by any other lab

    if entry.is_symlink():
        os.symlink(os.readlink(entry.path), there)
        return
    status = entry.stat()
    if entry.is_dir():
        copied(entry.path, there)
    elif entry.is_file():
        try:
            shutil.copyfile(entry.path, there)
        except PermissionError:
            return
    else:
        return
    with suppress(OSError):  # an owner who is nobody here
        os.chown(there, status.st_uid, status.st_gid)
    os.chmod(there, status.st_mode & 0o7777)
