"""The attributes of a file: owner, group, mode, access control list, extended attributes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

# Extended attributes of Linux that are kept. Others describe the contents (checksums) or belong to the file
# system.
_ACCESS_LISTS = ("system.posix_acl_access", "system.nfs4_acl")
_KEPT_ATTRIBUTES = (*_ACCESS_LISTS, "security.selinux")
_KEPT_NAMESPACE = "user."


def give_attributes(descriptor: int, path: Path, status: os.stat_result) -> bool:
    """Gives an open file, which only its owner may read so far, the attributes of the file at `path`.

    status: of the file at `path`. Returns False where the system refuses an attribute; the file is then as
    private as before, or as the file at `path`. Does nothing on systems other than POSIX.
    """
    if os.name != "posix":
        return True
    own = os.fstat(descriptor)
    try:
        if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
            os.fchown(descriptor, status.st_uid, status.st_gid)
        _give_extended_attributes(descriptor, path)
        os.fchmod(
            descriptor, stat.S_IMODE(status.st_mode)
        )  # last, because a new owner clears bits of the mode
    except OSError:
        return False
    return True


def _give_extended_attributes(descriptor: int, path: Path) -> None:
    """Gives a file the extended attributes of `path`, and removes access lists that come from the folder."""
    wanted, own = _extended_attributes(path), _extended_attributes(descriptor)
    for name in own.keys() - wanted.keys():
        if name in _ACCESS_LISTS:
            os.removexattr(descriptor, name)
    for name, value in wanted.items():
        if own.get(name) != value:
            os.setxattr(descriptor, name, value)


def _extended_attributes(file: Path | int) -> dict[str, bytes]:
    if not hasattr(os, "listxattr"):  # only Linux has it
        return {}
    try:
        names = os.listxattr(file)
    except OSError:  # the file system has no attributes
        return {}
    kept = [name for name in names if name in _KEPT_ATTRIBUTES or name.startswith(_KEPT_NAMESPACE)]
    return {name: os.getxattr(file, name) for name in kept}
