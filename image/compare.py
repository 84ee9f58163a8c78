"""`python -m image.compare`: say whether two builds of the image are equal, and name what differs.

With two folders (as `image/out` is) it compares them. With `--build` it builds twice, both times with Debian's packages
taken anew, and compares these. Exit status 0 where all is equal, 1 where something differs.
"""

import argparse
import hashlib
import json
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_TREE = Path(__file__).parents[1]
_OUT = _TREE / "image/out"
_CACHE = _TREE / ".cache/image"
_CHUNK_BYTES = 1 << 20
_SECTOR_BYTES = 512
_MOST_FILES_SHOWN = 100
_MOST_FILES_EXPLAINED = 10
_EXPLAIN_LIMIT_S = 120


@dataclass(frozen=True)
class Part:
    """One thing that has to be equal, and how to look into it where it is not."""

    what: str
    pattern: str
    explain: Callable[[Path, Path], Iterator[str]]


def main() -> int:
    """Compare, print, and return the exit status."""
    parser = argparse.ArgumentParser(prog="image.compare", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, help="two folders as image/out is")
    parser.add_argument("--build", action="store_true", help="build twice, then compare")
    given = parser.parse_args()
    if given.build == bool(given.folders) or (given.folders and len(given.folders) != 2):
        parser.error("give two folders, or --build")
    first, second = _two_builds() if given.build else given.folders
    lines = list(report(first, second))
    print("\n".join(lines))
    return any("DIFFERS" in line for line in lines)


def report(first: Path, second: Path) -> Iterator[str]:
    """Yield one line a part, and below each part that differs, what differs in it."""
    for part in PARTS:
        one, two = _only(first, part.pattern), _only(second, part.pattern)
        if one is None or two is None:
            yield f"{part.what}: DIFFERS: missing in {first if one is None else second}"
            continue
        at = first_difference(one, two)
        if at is None:
            yield f"{part.what}: equal, sha256 {_sha256(one)}"
            continue
        yield f"{part.what}: DIFFERS, first at byte {at}"
        yield from (f"  {line}" for line in part.explain(one, two))


def first_difference(one: Path, two: Path) -> int | None:
    """Return the offset of the first byte that differs, None where both files are equal."""
    at = 0
    with one.open("rb") as left, two.open("rb") as right:
        while True:
            a, b = left.read(_CHUNK_BYTES), right.read(_CHUNK_BYTES)
            if a != b:
                return at + next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
            if not a:
                return None
            at += len(a)


def compare_trees(one: Path, two: Path) -> Iterator[str]:
    """Yield a line for each path that is in one tree only, or differs: in mode, owner, time, target or content."""
    left, right = _paths(one), _paths(two)
    for name in sorted(left | right):
        if name not in left or name not in right:
            yield f"{name}: only in the {'first' if name in left else 'second'}"
        elif told := _difference(one / name, two / name):
            yield f"{name}: {told}"


def _paths(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def _difference(one: Path, two: Path) -> str:
    a, b = one.lstat(), two.lstat()
    told = []
    if a.st_mode != b.st_mode:
        told.append(f"mode {stat.filemode(a.st_mode)} and {stat.filemode(b.st_mode)}")
    if (a.st_uid, a.st_gid) != (b.st_uid, b.st_gid):
        told.append(f"owner {a.st_uid}:{a.st_gid} and {b.st_uid}:{b.st_gid}")
    if int(a.st_mtime) != int(b.st_mtime):
        told.append(f"time {int(a.st_mtime)} and {int(b.st_mtime)}")
    if one.is_symlink() and two.is_symlink():
        if one.readlink() != two.readlink():
            told.append(f"leads to {one.readlink()} and {two.readlink()}")
    elif one.is_file() and two.is_file() and (at := first_difference(one, two)) is not None:
        told.append(f"{a.st_size} and {b.st_size} bytes, first difference at byte {at}")
    return "; ".join(told)


def explain_squashfs(one: Path, two: Path) -> Iterator[str]:
    """Yield what differs in two root file systems."""

    def unpack(image: Path, into: Path) -> None:
        subprocess.run(
            ["unsquashfs", "-quiet", "-no-progress", "-d", into, image], check=True, stdout=subprocess.DEVNULL
        )

    yield from _explain_file_systems(one, two, unpack)


def explain_ext4(one: Path, two: Path) -> Iterator[str]:
    """Yield what differs in two boot file systems."""

    def unpack(image: Path, into: Path) -> None:
        into.mkdir()
        subprocess.run(["debugfs", "-R", f"rdump / {into}", image], check=True, capture_output=True)

    yield from _explain_file_systems(one, two, unpack)


def _explain_file_systems(one: Path, two: Path, unpack: Callable[[Path, Path], None]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        left, right = Path(folder, "first"), Path(folder, "second")
        unpack(one, left)
        unpack(two, right)
        lines = list(compare_trees(left, right))
        yield from lines[:_MOST_FILES_SHOWN]
        if len(lines) > _MOST_FILES_SHOWN:
            yield f"and {len(lines) - _MOST_FILES_SHOWN} more"
        if not lines:
            yield "every file is equal: what differs is the file system's own"
        names = [line.partition(": ")[0] for line in lines if "first difference" in line]
        for name in names[:_MOST_FILES_EXPLAINED]:
            yield from _diffoscope(left / name, right / name)


def _diffoscope(one: Path, two: Path) -> Iterator[str]:
    if shutil.which("diffoscope") is None:
        return
    command = ["diffoscope", "--exclude-directory-metadata", "yes", "--max-diff-block-lines", "20", str(one), str(two)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_EXPLAIN_LIMIT_S)
    yield from (f"  {line}" for line in done.stdout.splitlines())


def explain_disk(one: Path, two: Path) -> Iterator[str]:
    """Yield which partitions of two disks differ, and whether something outside them does."""
    places = _partitions(one)
    if places != _partitions(two):
        yield "the partition tables differ"
        return
    equal = True
    for name, start, size in [("outside of the partitions, at the front", 0, places[0][1]), *places]:
        at = _first_difference_within(one, two, start, size)
        if at is not None:
            equal = False
            yield f"{name}: first difference at byte {at} of it"
    if equal:
        yield "every partition is equal: what differs lies outside of them"


def _partitions(disk: Path) -> list[tuple[str, int, int]]:
    done = subprocess.run(["sfdisk", "--json", disk], check=True, capture_output=True, text=True)
    table = json.loads(done.stdout)["partitiontable"]["partitions"]
    bounds = [(each.get("name", each["node"]), each["start"], each["size"]) for each in table]
    return [(name, start * _SECTOR_BYTES, size * _SECTOR_BYTES) for name, start, size in bounds]


def _first_difference_within(one: Path, two: Path, start: int, size: int) -> int | None:
    with one.open("rb") as left, two.open("rb") as right:
        left.seek(start)
        right.seek(start)
        for at in range(0, size, _CHUNK_BYTES):
            count = min(_CHUNK_BYTES, size - at)
            a, b = left.read(count), right.read(count)
            if a != b:
                return at + next(i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y)
    return None


def explain_text(one: Path, two: Path) -> Iterator[str]:
    """Yield the lines that are in one of two texts only."""
    left, right = one.read_text().splitlines(), two.read_text().splitlines()
    changed = [
        *(f"- {line}" for line in left if line not in right),
        *(f"+ {line}" for line in right if line not in left),
    ]
    yield from changed[:_MOST_FILES_SHOWN]
    if len(changed) > _MOST_FILES_SHOWN:
        yield f"and {len(changed) - _MOST_FILES_SHOWN} more lines"


def _only(folder: Path, pattern: str) -> Path | None:
    found = list(folder.glob(pattern))
    return found[0] if len(found) == 1 else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _two_builds() -> tuple[Path, Path]:
    first = _CACHE / "first-build"
    shutil.rmtree(first, ignore_errors=True)
    for kept in (first, None):
        for base in _CACHE.glob("base-*.tar"):
            base.unlink()
        subprocess.run([_TREE / "image/build.sh"], check=True)
        if kept:
            shutil.move(_OUT, kept)
    return first, _OUT


PARTS = (
    Part("Debian packages", "packages.txt", explain_text),
    Part("root hash", "parts/slot.cfg", explain_text),
    Part("root file system", "parts/root.squashfs", explain_squashfs),
    Part("boot file system", "parts/boot.ext4", explain_ext4),
    Part("disk", "gatehouse-*.img", explain_disk),
    Part("disk, compressed", "gatehouse-*.img.xz", lambda _one, _two: iter(())),
    Part("SBOM", "sbom.cdx.json", explain_text),
)

if __name__ == "__main__":
    raise SystemExit(main())
