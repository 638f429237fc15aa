"""What a file has beside its bytes: owner, group, mode, access control list, extended attributes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

# Attributes of Linux that are kept; others speak of the contents (checksums) or belong to the file system.
_ACCESS_LISTS = ("system.posix_acl_access", "system.nfs4_acl")
_KEPT_ATTRIBUTES = (*_ACCESS_LISTS, "security.selinux")
_KEPT_NAMESPACE = "user."


def give_attributes(descriptor: int, path: Path, status: os.stat_result) -> bool:
    """Give an open file, which only its owner may read so far, what the file at `path` has; status: of that.

    False where the system refuses a part of it; the file is then as private as before, or as `path` is.
    Does nothing on systems that are not POSIX ones.
    """
    if os.name != "posix":
        return True
    own = os.fstat(descriptor)
    try:
        if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
            os.fchown(descriptor, status.st_uid, status.st_gid)
        _give_extended_attributes(descriptor, path)
        os.fchmod(descriptor, stat.S_IMODE(status.st_mode))  # last: a new owner clears bits of it
    except OSError:
        return False
    return True


def _give_extended_attributes(descriptor: int, path: Path) -> None:
    """Gives a file the attributes of `path`, and takes access lists away that only the folder gave."""
    wanted, own = _extended_attributes(path), _extended_attributes(descriptor)
    for name in own.keys() - wanted.keys():
        if name in _ACCESS_LISTS:
            os.removexattr(descriptor, name)
    for name, value in wanted.items():
        if own.get(name) != value:
            os.setxattr(descriptor, name, value)


def _extended_attributes(file: Path | int) -> dict[str, bytes]:
    if not hasattr(os, "listxattr"):  # Linux has it
        return {}
    try:
        names = os.listxattr(file)
    except OSError:  # the file system has none
        return {}
    kept = [name for name in names if name in _KEPT_ATTRIBUTES or name.startswith(_KEPT_NAMESPACE)]
    return {name: os.getxattr(file, name) for name in kept}
