"""What a disk holds after a power cut, worked out from a trace of the writer's system calls (strace -xx).

The model is as unkind as POSIX allows: data is on the disk only after fsync or fdatasync of its file, a name only
after a sync of its folder; of everything else any part may have made it, in any order.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CALLS = "openat,pwritev2,pwrite64,write,ftruncate,fsync,fdatasync,rename,unlink,mkdir"
TRACE = ("strace", "-f", "-qq", "-xx", "-s", "1000000", "-e", "signal=none", "-e", f"trace={CALLS}")
_LINE = re.compile(r"^(\d+) +(?:<\.\.\. )?(\w+)(?:\(| resumed>)(.*)$")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_UNFINISHED = " <unfinished ...>"


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that succeeded. numbers: its arguments that are decimal numbers, in order."""

    name: str
    strings: tuple[bytes, ...]
    numbers: tuple[int, ...]
    result: int
    text: str


def read_trace(log: Path) -> Iterator[Call]:
    """Calls in the order in which they ended."""
    begun: dict[str, str] = {}
    for line in log.read_text().splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        thread, name, rest = match.groups()
        if rest.endswith(_UNFINISHED):
            begun[thread] = rest.removesuffix(_UNFINISHED)
            continue
        text, _, result = (begun.pop(thread, "") + rest).rpartition(" = ")
        if result.split()[0].isdecimal():
            strings = tuple(bytes.fromhex(s.replace("\\x", "")) for s in _STRING.findall(text))
            plain = _STRING.sub("", text)
            numbers = tuple(int(n) for n in re.findall(r"(?<![\w-])\d+", plain))
            yield Call(name, strings, numbers, int(result.split()[0]), plain)


@dataclass(slots=True)
class _File:
    """synced: what is safe. later: what was written since, as (offset, data), or (size, None) for a truncation."""

    synced: bytearray = field(default_factory=bytearray)
    later: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        for offset, data in self.later:
            _apply(self.synced, offset, data)
        self.later.clear()


class Disk:
    """The files below a root, as they would be found after a cut right now."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names: dict[Path, _File | None] = {}  # None: a folder
        for path in root.rglob("*"):
            self._names[path] = None if path.is_dir() else _File(bytearray(path.read_bytes()))
        self._safe_names = dict(self._names)
        self._open: dict[int, tuple[Path, _File | None]] = {}

    def take(self, call: Call) -> None:
        """Account for the next call."""
        if call.name in ("openat", "mkdir", "rename", "unlink"):
            self._take_name(call)
        elif self._open.get(call.numbers[0]) is not None:
            path, file = self._open[call.numbers[0]]
            if file is not None:
                self._take_data(call, file)
            elif call.name in ("fsync", "fdatasync"):  # SQLite syncs folders with the latter
                self._sync_folder(path)

    def cut(self, folder: Path, dice: random.Random) -> None:
        """Write what is left into an empty folder; what was not synced is there in part."""
        for path, file in sorted(self._safe_names.items()):
            target = folder / path.relative_to(self._root)
            if not target.parent.is_dir():
                continue
            if file is None:
                target.mkdir()
            else:
                target.write_bytes(_survived(file, dice))

    def _take_name(self, call: Call) -> None:
        path = Path(call.strings[0].decode(errors="replace"))
        if not path.is_relative_to(self._root):
            if call.name == "openat":
                self._open.pop(call.result, None)
        elif call.name == "openat":
            if path not in self._names and "O_CREAT" in call.text:
                self._names[path] = _File()
            self._open[call.result] = path, self._names.get(path)
        elif call.name == "mkdir":
            self._names[path] = None
        elif call.name == "rename":
            self._names[Path(call.strings[1].decode())] = self._names.pop(path)
        else:
            self._names.pop(path, None)

    def _take_data(self, call: Call, file: _File) -> None:
        if call.name in ("fsync", "fdatasync"):
            file.sync()
        elif call.name == "ftruncate":
            file.later.append((call.numbers[1], None))
        else:
            offset = call.numbers[-2] if call.name == "pwritev2" else call.numbers[-1]
            file.later.append((offset, b"".join(call.strings)[: call.result]))

    def _sync_folder(self, folder: Path) -> None:
        kept = {path: file for path, file in self._safe_names.items() if path.parent != folder}
        self._safe_names = kept | {path: file for path, file in self._names.items() if path.parent == folder}


def _survived(file: _File, dice: random.Random) -> bytes:
    content, share = bytearray(file.synced), dice.choice((0.0, 0.5, 1.0))
    for offset, data in file.later:
        if dice.random() >= share:
            continue
        if data is not None and dice.random() < 0.3:
            data = data[: dice.randrange(len(data) + 1)]
        _apply(content, offset, data)
    return bytes(content)


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
        content.extend(bytes(offset - len(content)))
        return
    content.extend(bytes(max(0, offset - len(content))))
    content[offset : offset + len(data)] = data
