"""`python -m image.sbom --root DIR --out FILE`: write the SBOM of an unpacked root file system."""

import argparse
import os
from pathlib import Path

import appliance
from image.sbom import debian, page, python
from image.sbom.document import Document

_TREE = Path(__file__).parents[2]


def main() -> None:
    """Collect all parts and write them; any part that is missing or not locked is an error, not a gap."""
    given = _arguments()
    document = Document(given.version, given.arch, given.epoch)
    for part in _debian_parts(given):
        document.add(part.components, part.dependencies, document.image, part.installed)
    components, depends = python.packages(_site(given.root), given.lock.read_text(), given.wheels)
    document.add(components, depends, document.gatehouse, list(depends))
    components, depends = page.packages(given.page.read_text())
    document.add(components, depends, document.gatehouse, list(depends))
    given.out.write_text(document.text())
    print(f"{len(document.components) + 1} components in {given.out}")


def _debian_parts(given: argparse.Namespace) -> list[debian.Packages]:
    root = debian.packages(given.root, "debian", given.arch)
    return [root, debian.boot_loader(given.boot_loader, given.arch)]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="image.sbom", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="the unpacked root file system")
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    parser.add_argument("--wheels", type=Path, help="the wheels that were installed, for their hashes")
    parser.add_argument("--arch", default="amd64")
    parser.add_argument("--version", default=appliance.__version__)
    parser.add_argument(
        "--epoch", type=int, default=os.environ.get("SOURCE_DATE_EPOCH", "0"), help="seconds since 1970"
    )
    parser.add_argument("--lock", type=Path, default=_TREE / "requirements/run.txt")
    parser.add_argument("--page", type=Path, default=_TREE / "web/package-lock.json")
    parser.add_argument(
        "--boot-loader",
        nargs="*",
        default=["grub-pc-bin", "grub-efi-amd64-bin"],
        help="packages of this machine of which parts are on the disk",
    )
    return parser.parse_args()


def _site(root: Path) -> Path:
    found = list(root.glob("opt/gatehouse/venv/lib/python3*/site-packages"))
    if len(found) != 1:
        raise SystemExit(
            f"There is no Gatehouse below {root}: opt/gatehouse/venv has {len(found)} folders of packages."
        )
    return found[0]


if __name__ == "__main__":
    main()
