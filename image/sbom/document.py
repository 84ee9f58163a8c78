"""One CycloneDX document from its parts. The same parts give the same bytes."""

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Component = dict[str, Any]
SPEC_VERSION = "1.6"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:gatehouse:sbom")


@dataclass
class Document:
    """What is in one image: collected part by part, then written."""

    version: str
    architecture: str
    epoch_s: int
    components: dict[str, Component] = field(default_factory=dict)
    depends: dict[str, set[str]] = field(default_factory=dict)

    @property
    def image(self) -> str:
        """The reference of the image itself."""
        return f"pkg:generic/gatehouse-image@{self.version}?arch={self.architecture}"

    @property
    def gatehouse(self) -> str:
        """The reference of our own code in it."""
        return f"pkg:generic/gatehouse@{self.version}"

    def add(self, components: list[Component], depends: dict[str, list[str]], needed_by: str, roots: list[str]) -> None:
        """Add a part: its components, what each depends on, and who needs those of them that are named in `roots`."""
        for component in components:
            self.components.setdefault(component["bom-ref"], component)
        for ref, needs in depends.items():
            self.depends.setdefault(ref, set()).update(needs)
        self.depends.setdefault(needed_by, set()).update(roots)

    def text(self) -> str:
        """Return the document as JSON. Its serial number is derived from its content."""
        body = self._body()
        serial = uuid.uuid5(_NAMESPACE, json.dumps(body, sort_keys=True))
        return json.dumps({"serialNumber": f"urn:uuid:{serial}", **body}, sort_keys=True, indent=1) + "\n"

    def _body(self) -> dict[str, Any]:
        own = self._own(self.gatehouse, "application", "gatehouse")
        everything = {self.gatehouse: own, **self.components}
        known = {self.image, *everything}
        self.depends.setdefault(self.image, set()).add(self.gatehouse)
        return {
            "$schema": f"http://cyclonedx.org/schema/bom-{SPEC_VERSION}.schema.json",
            "bomFormat": "CycloneDX",
            "specVersion": SPEC_VERSION,
            "version": 1,
            "metadata": {
                "timestamp": datetime.fromtimestamp(self.epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "component": self._own(self.image, "operating-system", "gatehouse-image"),
                "lifecycles": [{"phase": "build"}],
            },
            "components": [everything[ref] for ref in sorted(everything)],
            "dependencies": [
                {"ref": ref, "dependsOn": sorted(self.depends.get(ref, set()) & known)} for ref in sorted(known)
            ],
        }

    def _own(self, ref: str, kind: str, name: str) -> Component:
        return {
            "type": kind,
            "bom-ref": ref,
            "name": name,
            "version": self.version,
            "purl": ref,
            "licenses": [{"license": {"id": "Apache-2.0", "acknowledgement": "declared"}}],
            "properties": [{"name": "gatehouse:part", "value": "gatehouse"}],
        }
