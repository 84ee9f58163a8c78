"""Licences as CycloneDX writes them, from what packages say of themselves.

A CycloneDX component carries either one SPDX expression, or a list of licences, each with an SPDX identifier or a name.
"""

import re
from pathlib import Path

from cyclonedx.spdx import fixup_id, is_expression
from debsbom.apt.copyright import WELL_KNOWN_EXPRESSIONS

Licences = list[dict[str, object]]

_DEBIAN_NAMES = WELL_KNOWN_EXPRESSIONS | {"LGPL-2.1": "LGPL-2.1-only", "LGPL-2.1+": "LGPL-2.1-or-later"}
_FORMAT = re.compile(r"^Format(-Specification)?:.*(copyright-format|dep5|DEP-5|DEP5)", re.MULTILINE)
_SYNOPSIS = re.compile(r"^License:[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_COMMON = re.compile(r"/usr/share/common-licenses/([A-Za-z0-9.+-]*[A-Za-z0-9+])")
_HEADER_CHARACTERS = 4000


def declared(text: str) -> Licences:
    """Return what a project declares in one line: an SPDX expression where it is one, else its own words."""
    words = " ".join(text.split())
    if fixup_id(words) is None and is_expression(words):
        return [{"expression": words}]
    return [_entry(words)]


def of_debian_file(path: Path, shown_as: str) -> Licences:
    """Return the licences that a Debian copyright file names; where it names none, where to read it.

    `shown_as` is the path of the file inside the image. Files in Debian's machine-readable format name a licence per
    paragraph; from free text only the references to Debian's folder of common licences are taken, as mentions: whether
    "or later" stands beside them, a person has to read.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    if _FORMAT.search(text[:_HEADER_CHARACTERS]):
        names = {_DEBIAN_NAMES.get(name, name) for name in _SYNOPSIS.findall(text)}
    else:
        names = {f"{name}, mentioned in {shown_as}" for name in _COMMON.findall(text)}
    return [_entry(name) for name in sorted(names or {f"see {shown_as}"})]


def _entry(words: str) -> dict[str, object]:
    known = fixup_id(words)
    return {"license": {"id" if known else "name": known or words, "acknowledgement": "declared"}}
