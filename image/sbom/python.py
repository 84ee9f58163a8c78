"""Python's packages in the image, as their own metadata describes them, with what their wheels carry inside."""

import hashlib
import importlib.metadata
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from image.sbom import licences

Component = dict[str, Any]
_BUNDLED = Path(__file__).with_name("bundled.toml")
_LONGEST_LICENCE_NAME = 60
_CLASSIFIER = "License :: "
_KEPT = ("type", "name", "version", "purl", "licenses", "hashes", "description")


class UnknownLibraryError(Exception):
    """A wheel carries a library that `bundled.toml` does not name."""


def purl(name: str, version: str) -> str:
    """Return the package URL of a release on PyPI."""
    return f"pkg:pypi/{_normal(name)}@{version}"


def packages(site: Path, lock: str, wheels: Path | None) -> tuple[list[Component], dict[str, list[str]]]:
    """Return the packages in the folder `site`, and which of them each one needs.

    `lock` is the text of requirements/run.txt. A package that it does not name, or a wheel whose hash it does not name,
    raises `ValueError`; a bundled library that nobody has described raises `UnknownLibraryError`.
    """
    bundled = tomllib.loads(_BUNDLED.read_text())
    found = {_normal(each.name): each for each in importlib.metadata.distributions(path=[str(site)])}
    refs = {name: purl(name, each.version) for name, each in found.items()}
    allowed = _locked(lock)
    components = []
    for name, each in sorted(found.items()):
        if (name, each.version) not in allowed:
            raise ValueError(f"{name} {each.version} is installed but not locked")
        component = _component(each)
        if wheels is not None:
            component["hashes"] = [_sha256(_allowed_wheel(wheels, name, each.version, allowed[name, each.version]))]
        inside = [*_own_documents(each), *_libraries(each, site, bundled)]
        if inside:
            component["components"] = inside
        components.append(component)
    return components, {refs[name]: sorted(_needs(each, refs)) for name, each in found.items()}


def is_described(library: str) -> bool:
    """Return whether `bundled.toml` describes a shared library of that file name."""
    return _stem(library) in tomllib.loads(_BUNDLED.read_text())["library"]


def _stem(library: str) -> str:
    return re.split(r"-[0-9a-f]{8}|\.so", library.removeprefix("lib"), maxsplit=1)[0]


def _component(package: importlib.metadata.Distribution) -> Component:
    ref = purl(package.name, package.version)
    return {
        "type": "library",
        "bom-ref": ref,
        "name": package.name,
        "version": package.version,
        "purl": ref,
        "description": package.metadata["Summary"] or "",
        "licenses": _licences(package),
        "properties": [{"name": "gatehouse:part", "value": "python"}],
    }


def _licences(package: importlib.metadata.Distribution) -> licences.Licences:
    metadata = package.metadata
    if metadata["License-Expression"]:
        return licences.declared(metadata["License-Expression"])
    classified = [line for line in metadata.get_all("Classifier") or () if line.startswith(_CLASSIFIER)]
    free = metadata["License"] or ""
    if "\n" not in free and 0 < len(free) <= _LONGEST_LICENCE_NAME:
        return licences.declared(free)
    names = sorted(line.rpartition(" :: ")[2] for line in classified)
    return [entry for name in names for entry in licences.declared(name)] or licences.declared(
        "see the wheel's licence file"
    )


def _needs(package: importlib.metadata.Distribution, refs: dict[str, str]) -> set[str]:
    wanted = (line for line in package.requires or () if "extra ==" not in line)
    names = (_normal(re.split(r"[\s;<>=!~\[(]", line, maxsplit=1)[0]) for line in wanted)
    return {refs[name] for name in names if name in refs}


def _own_documents(package: importlib.metadata.Distribution) -> Iterator[Component]:
    """Yield what a wheel's own SBOMs (PEP 770) name; one library once, though it may come as several files."""
    seen: set[str] = set()
    for entry in sorted(str(file) for file in package.files or ()):
        if not re.fullmatch(r"[^/]+\.dist-info/sboms/[^/]+\.json", entry):
            continue
        for component in json.loads(Path(str(package.locate_file(entry))).read_text()).get("components", ()):
            name = f"{component['name']}@{component.get('version', '')}"
            if name in seen or component["name"] == package.name:
                continue
            seen.add(name)
            yield {key: component[key] for key in _KEPT if key in component}


def _libraries(package: importlib.metadata.Distribution, site: Path, bundled: dict[str, Any]) -> Iterator[Component]:
    """Yield the shared libraries beside a package, and what it has linked in, by our own list."""
    for file in sorted(site.glob(f"{package.name.replace('-', '_')}.libs/*")):
        known = bundled["library"].get(_stem(file.name))
        if known is None:
            raise UnknownLibraryError(f"{file.name} in {package.name} is not in image/sbom/bundled.toml")
        yield {"type": "file", "name": file.name, **_described(known), "hashes": [_sha256(file)]}
    for known in bundled["linked"].get(_normal(package.name), ()):
        yield {"type": "library", "name": known["name"], **_described(known)}


def _described(known: dict[str, str]) -> Component:
    return {"description": known["what"], "licenses": licences.declared(known["licence"])}


def _locked(text: str) -> dict[tuple[str, str], set[str]]:
    """Return the hashes that a lock file allows, by name and version."""
    allowed: dict[tuple[str, str], set[str]] = {}
    key = ("", "")
    for line in text.splitlines():
        if pin := re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", line):
            key = (_normal(pin[1]), pin[2])
            allowed[key] = set()
        elif given := re.match(r"\s+--hash=sha256:([0-9a-f]{64})", line):
            allowed[key].add(given[1])
    return allowed


def _allowed_wheel(wheels: Path, name: str, version: str, allowed: set[str]) -> Path:
    for wheel in sorted(wheels.glob("*.whl")):
        if (_normal(wheel.name.split("-")[0]), wheel.name.split("-")[1]) == (name, version):
            if _sha256(wheel)["content"] not in allowed:
                raise ValueError(f"{wheel.name} is not one of the locked files")
            return wheel
    raise ValueError(f"there is no wheel of {name} {version} in {wheels}")


def _sha256(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        return {"alg": "SHA-256", "content": hashlib.file_digest(file, "sha256").hexdigest()}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
