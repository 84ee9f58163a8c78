"""mount(2) itself: at the start of the machine a program for each mount would take longer than all the rest."""

import ctypes
import os
from enum import IntFlag
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)


class Flag(IntFlag):
    """What mount(2) calls MS_..."""

    RDONLY = 1
    NOSUID = 2
    NODEV = 4
    NOEXEC = 8
    NOATIME = 1024
    BIND = 4096


def mount_file_system(source: str, target: Path, kind: str, flags: Flag, options: str = "") -> None:
    """Mount it. Raises OSError. Blocks while a journal is replayed."""
    arguments = (source.encode(), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), options.encode())
    if _libc.mount(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))
