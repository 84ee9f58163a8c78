"""The npm packages that are bundled into the page: what package-lock.json does not mark as needed for building only."""

import base64
import json
from typing import Any

from image.sbom import licences

Component = dict[str, Any]
_ALGORITHMS = {"sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}
_FOLDER = "node_modules/"


def packages(lock: str) -> tuple[list[Component], dict[str, list[str]]]:
    """Return the packages of a package-lock.json (version 3), and which of them each one needs."""
    entries = {
        path.rpartition(_FOLDER)[2]: entry
        for path, entry in json.loads(lock)["packages"].items()
        if path and not entry.get("dev")
    }
    refs = {name: purl(name, entry["version"]) for name, entry in entries.items()}
    needs = {
        refs[name]: sorted(refs[other] for other in _needs(entry) if other in refs) for name, entry in entries.items()
    }
    return [_component(name, entry) for name, entry in sorted(entries.items())], needs


def purl(name: str, version: str) -> str:
    """Return the package URL of a release on npm."""
    return f"pkg:npm/{name.replace('@', '%40', 1)}@{version}"


def _needs(entry: dict[str, Any]) -> set[str]:
    return {*entry.get("dependencies", ()), *entry.get("peerDependencies", ())}


def _component(name: str, entry: dict[str, Any]) -> Component:
    ref = purl(name, entry["version"])
    return {
        "type": "library",
        "bom-ref": ref,
        "name": name,
        "version": entry["version"],
        "purl": ref,
        "licenses": licences.declared(entry["license"]),
        "hashes": [_hash(entry["integrity"])],
        "properties": [{"name": "gatehouse:part", "value": "page"}],
    }


def _hash(integrity: str) -> dict[str, str]:
    algorithm, _, digest = integrity.partition("-")
    return {"alg": _ALGORITHMS[algorithm], "content": base64.b64decode(digest).hex()}
