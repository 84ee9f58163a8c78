"""Images of an appliance's disk, as image/disk.sh lays it out, without anything in the partitions."""

import subprocess
from pathlib import Path

MIB = 1 << 20
IMAGE_MIB = 2372
LAYOUT = "label: gpt\nunit: sectors\n3 : start=135168, size=8, name=gatehouse-bootenv\n" + "".join(
    f"{number} : start={at * 2048}, size={size * 2048}, name=gatehouse-{name}\n"
    for number, at, size, name in ((6, 323, 1024, "root-a"), (7, 1347, 1024, "root-b"))
)


def written(path: Path, disk_mib: int, layout: str = LAYOUT) -> Path:
    """The image, written onto a disk that is larger: the second table is where the image ended."""
    with path.open("wb") as file:
        file.truncate(IMAGE_MIB * MIB)
    subprocess.run(["sfdisk", "--quiet", str(path)], input=layout, text=True, check=True, capture_output=True)
    with path.open("r+b") as file:
        file.truncate(disk_mib * MIB)
    return path
