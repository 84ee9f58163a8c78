"""Debian's packages of a root file system, by debsbom; the licences that it leaves open, from the copyright files."""

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from image.sbom import licences
from image.sbom.document import SPEC_VERSION

Component = dict[str, Any]
_TIME_LIMIT_S = 300
_PLACEHOLDER_TIME = "2000-01-01T00:00:00+00:00"
_PLACEHOLDER_SERIAL = "00000000-0000-4000-8000-000000000000"


class UnreadablePackagesError(Exception):
    """There is no list of Debian packages where one is needed."""


@dataclass(frozen=True)
class Packages:
    """Binary and source packages as CycloneDX components, what each depends on, and which are installed."""

    components: list[Component]
    dependencies: dict[str, list[str]]
    installed: list[str]


def packages(root: Path, part: str, architecture: str) -> Packages:
    """Return the packages that dpkg's status below `root` names; `part` says what of the image they are.

    Raises `UnreadablePackagesError` when there is no status to read, `FileNotFoundError` where a licence is missing.
    """
    document = _debsbom(root, architecture)
    ours = document["metadata"]["component"]["bom-ref"]
    components = [_shortened(component, part) for component in document["components"]]
    depends = {entry["ref"]: sorted(entry.get("dependsOn", [])) for entry in document["dependencies"]}
    depends.pop(ours, None)
    _complete_licences(components, depends, root)
    installed = [component["bom-ref"] for component in components if not _is_source(component)]
    return Packages(components, depends, installed)


def boot_loader(names: list[str], architecture: str, machine: Path = Path("/")) -> Packages:
    """Return packages of the building machine of which parts are written to the disk, outside any root file system."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        status = root / "var/lib/dpkg/status"
        status.parent.mkdir(parents=True)
        command = ["dpkg-query", f"--admindir={machine / 'var/lib/dpkg'}", "-s", *names]
        status.write_text(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for name in names:
            copyright_file = root / "usr/share/doc" / name / "copyright"
            copyright_file.parent.mkdir(parents=True)
            shutil.copyfile(machine / "usr/share/doc" / name / "copyright", copyright_file)
        return packages(root, "boot loader", architecture)


def _debsbom(root: Path, architecture: str) -> dict[str, Any]:
    program = Path(sys.executable).with_name("debsbom")
    options = [
        "--with-licenses",
        "--no-recommends-deps",
        "--distro-arch",
        architecture,
        "--cdx-schema-version",
        SPEC_VERSION,
    ]
    fixed = ["--timestamp", _PLACEHOLDER_TIME, "--cdx-serialnumber", _PLACEHOLDER_SERIAL]
    command = [str(program), "generate", "--root", str(root), "-t", "cdx", *options, *fixed, "-o", "-"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_TIME_LIMIT_S)
    if done.returncode:
        raise UnreadablePackagesError(f"debsbom could not read the packages of {root}:\n{done.stderr}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _is_source(component: Component) -> bool:
    return str(component["purl"]).endswith("arch=source")


def _shortened(component: Component, part: str) -> Component:
    short = dict(component)
    if "description" in short:
        short["description"] = short["description"].partition("\n")[0]
    short["properties"] = [{"name": "gatehouse:part", "value": part}]
    return short


def _complete_licences(components: list[Component], depends: dict[str, list[str]], root: Path) -> None:
    """debsbom knows a source package's licences where its copyright file is all SPDX; the rest is ours."""
    by_ref = {component["bom-ref"]: component for component in components}
    for binary in components:
        if _is_source(binary):
            continue
        sources = [
            by_ref[ref] for ref in depends.get(binary["bom-ref"], ()) if ref in by_ref and _is_source(by_ref[ref])
        ]
        found = next((source["licenses"] for source in sources if "licenses" in source), None)
        binary["licenses"] = found or _from_copyright_file(root, binary["name"])
        for source in sources:
            source.setdefault("licenses", binary["licenses"])


def _from_copyright_file(root: Path, package: str) -> licences.Licences:
    shown_as = f"/usr/share/doc/{package}/copyright"
    path = root / shown_as[1:]
    if not path.is_file():
        raise FileNotFoundError(f"{shown_as} is missing: a package's licence has to be in the image")
    return licences.of_debian_file(path, shown_as)
