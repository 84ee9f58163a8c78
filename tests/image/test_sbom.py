"""The SBOM names what is there, says the licences, is valid by the standard's own schema, and is the same twice."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from cyclonedx.schema import _res as schemas
from referencing import Registry, Resource

from image.sbom import debian, licences, page, python

ROOT = Path(__file__).parents[2]
PACKAGES = ["base-files", "bash", "libc6", "zlib1g"]
EPOCH_S = "1700000000"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root file system with this machine's entries of a few packages, and two Python packages of this environment."""
    root = tmp_path_factory.mktemp("root")
    status = root / "var/lib/dpkg/status"
    status.parent.mkdir(parents=True)
    status.write_text(
        subprocess.run(["dpkg-query", "-s", *PACKAGES], check=True, capture_output=True, text=True).stdout
    )
    for name in PACKAGES:
        copyright_file = root / "usr/share/doc" / name / "copyright"
        copyright_file.parent.mkdir(parents=True)
        shutil.copyfile(Path("/usr/share/doc") / name / "copyright", copyright_file)
    site = root / "opt/gatehouse/venv/lib/python3.11/site-packages"
    site.mkdir(parents=True)
    installed = Path(jsonschema.__file__).parents[1]
    for pattern in ("apsw-*.dist-info", "aiomqtt-*.dist-info", "paho_mqtt-*.dist-info", "cryptography-*.dist-info"):
        for found in installed.glob(pattern):
            shutil.copytree(found, site / found.name)
    return root


def write(root: Path, out: Path) -> bytes:
    command = [
        sys.executable,
        "-m",
        "image.sbom",
        "--root",
        str(root),
        "--out",
        str(out),
        "--epoch",
        EPOCH_S,
        "--boot-loader",
    ]
    subprocess.run([*command, "tar"], check=True, cwd=ROOT)
    return out.read_bytes()


@pytest.fixture(scope="module")
def sbom(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Json:
    document: Json = json.loads(write(root, tmp_path_factory.mktemp("out") / "sbom.json"))
    return document


def component(sbom: Json, name: str) -> Json:
    found = [each for each in sbom["components"] if each["name"] == name and "arch=source" not in each["purl"]]
    assert len(found) == 1, name
    return dict(found[0])


def test_it_is_valid_by_the_schema_of_the_standard(sbom: Json) -> None:
    folder = Path(schemas.__file__).parent
    names = ("bom-1.6", "spdx", "jsf-0.82")
    texts = {name: json.loads((folder / f"{name}.SNAPSHOT.schema.json").read_text()) for name in names}
    registry: Registry[Any] = Registry().with_resources(
        (f"http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json", Resource.from_contents(text))
        for name, text in texts.items()
    )
    jsonschema.Draft7Validator(texts["bom-1.6"], registry=registry).validate(sbom)


def test_two_runs_give_the_same_bytes(root: Path, tmp_path: Path) -> None:
    assert write(root, tmp_path / "one.json") == write(root, tmp_path / "two.json")


def test_a_debian_package_comes_with_its_source_version_and_licences(sbom: Json) -> None:
    bash = component(sbom, "bash")
    version = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "bash"], check=True, capture_output=True, text=True
    )
    assert bash["version"] == version.stdout
    assert bash["purl"].startswith("pkg:deb/debian/bash@")
    assert {"license": {"id": "GPL-3.0-or-later", "acknowledgement": "declared"}} in bash["licenses"]
    needs = next(each["dependsOn"] for each in sbom["dependencies"] if each["ref"] == bash["bom-ref"])
    assert any(ref.startswith("pkg:deb/debian/bash@") and ref.endswith("arch=source") for ref in needs)


def test_every_component_has_a_licence_and_is_reached_from_the_image(sbom: Json) -> None:
    assert [each["name"] for each in sbom["components"] if not each.get("licenses")] == []
    needs = {each["ref"]: each["dependsOn"] for each in sbom["dependencies"]}
    reached, waiting = set(), [sbom["metadata"]["component"]["bom-ref"]]
    while waiting:
        ref = waiting.pop()
        if ref not in reached:
            reached.add(ref)
            waiting.extend(needs[ref])
    assert {each["bom-ref"] for each in sbom["components"]} <= reached


def test_python_packages_need_one_another_and_show_what_their_wheels_carry(sbom: Json) -> None:
    aiomqtt = component(sbom, "aiomqtt")
    needs = next(each["dependsOn"] for each in sbom["dependencies"] if each["ref"] == aiomqtt["bom-ref"])
    assert needs == [component(sbom, "paho-mqtt")["bom-ref"]]
    assert "openssl" in {each["name"] for each in component(sbom, "cryptography")["components"]}
    assert "sqlite" in {each["name"] for each in component(sbom, "apsw")["components"]}


def test_the_page_lists_what_is_bundled_and_not_what_builds_it(sbom: Json) -> None:
    names = {each["name"] for each in sbom["components"] if each["purl"].startswith("pkg:npm/")}
    wanted = set(json.loads((ROOT / "web/package.json").read_text())["dependencies"])
    assert wanted <= names
    assert "vite" not in names


def test_the_boot_loader_is_named_as_such(sbom: Json) -> None:
    assert component(sbom, "tar")["properties"] == [{"name": "gatehouse:part", "value": "boot loader"}]


def test_every_library_in_the_installed_wheels_is_described() -> None:
    site = Path(jsonschema.__file__).parents[1]
    libraries = [file.name for folder in ("av.libs", "numpy.libs") for file in (site / folder).iterdir()]
    assert libraries
    assert [name for name in libraries if not python.is_described(name)] == []


@pytest.fixture
def site(tmp_path: Path) -> Callable[[str, str], Path]:
    def make(name: str, version: str) -> Path:
        folder = tmp_path / "site" / f"{name}-{version}.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense: MIT\n")
        return tmp_path / "site"

    return make


def test_a_package_that_is_not_locked_is_refused(site: Callable[[str, str], Path]) -> None:
    with pytest.raises(ValueError, match="not locked"):
        python.packages(site("stranger", "1.0"), "other==1.0 \\\n", None)


def test_a_wheel_of_other_content_than_the_lock_says_is_refused(
    site: Callable[[str, str], Path], tmp_path: Path
) -> None:
    (tmp_path / "known-1.0-py3-none-any.whl").write_bytes(b"changed")
    lock = "known==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"
    with pytest.raises(ValueError, match="not one of the locked files"):
        python.packages(site("known", "1.0"), lock, tmp_path)


def test_a_library_that_nobody_has_described_is_refused(site: Callable[[str, str], Path]) -> None:
    folder = site("known", "1.0")
    (folder / "known.libs").mkdir()
    (folder / "known.libs/libsurprise-01234567.so.1").write_bytes(b"")
    with pytest.raises(python.UnknownLibraryError, match="libsurprise"):
        python.packages(folder, "known==1.0 \\\n", None)


def test_a_root_without_packages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(debian.UnreadablePackagesError):
        debian.packages(tmp_path, "debian", "amd64")


def test_free_text_gives_mentions_and_never_a_claim(tmp_path: Path) -> None:
    file = tmp_path / "copyright"
    file.write_text("On Debian systems, see `/usr/share/common-licenses/GPL-2'.\n")
    assert licences.of_debian_file(file, "/x") == [
        {"license": {"name": "GPL-2, mentioned in /x", "acknowledgement": "declared"}}
    ]
    file.write_text("Ask the author.\n")
    assert licences.of_debian_file(file, "/x") == [{"license": {"name": "see /x", "acknowledgement": "declared"}}]


def test_declared_licences_become_identifiers_expressions_or_their_own_words() -> None:
    assert licences.declared("MIT") == [{"license": {"id": "MIT", "acknowledgement": "declared"}}]
    assert licences.declared("Apache-2.0 OR  BSD-3-Clause") == [{"expression": "Apache-2.0 OR BSD-3-Clause"}]
    assert licences.declared("as you like") == [{"license": {"name": "as you like", "acknowledgement": "declared"}}]


def test_scoped_npm_names_are_escaped_in_package_urls() -> None:
    assert page.purl("@preact/signals", "2.0.0") == "pkg:npm/%40preact/signals@2.0.0"
