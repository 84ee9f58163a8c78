"""The label: what an installer needs to reach this machine and to know that it is the right one, to be read or printed.

It lies in /run/gatehouse for root alone (label.txt, label.svg) and is told over the control socket. The setup code is
on it until there is an administrator; what stays is safe on the outside of a box.
"""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from appliance.core.paths import Paths
from appliance.host import machine_status

log = logging.getLogger(__name__)

LOOK_EVERY_S = 10.0
HTTPS = 443
FINGERPRINT_LINES = 4  # of eight bytes each, as one compares them
LINE_MM = 5.0
WIDTH_MM = 90.0


@dataclass(frozen=True, slots=True)
class Label:
    """What is on it. setup_code: None once it has served; fingerprint: empty before the first certificate."""

    serial: str
    name: str
    addresses: tuple[str, ...]
    fingerprint: str
    setup_code: str | None

    def lines(self) -> list[tuple[str, str]]:
        """What and its value, in the order in which they are needed."""
        pairs = [("Gatehouse", self.serial), ("Page", f"https://{self.name}.local")]
        pairs += [("", f"https://{_in_url(address)}") for address in self.addresses]
        if self.setup_code:
            pairs.append(("Setup code", self.setup_code))
        parts = self.fingerprint.split(":") if self.fingerprint else []
        size = -(-len(parts) // FINGERPRINT_LINES)
        rows = [":".join(parts[at : at + size]) for at in range(0, len(parts), size)] if parts else []
        return pairs + [("SHA-256" if row == rows[0] else "", row) for row in rows]


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def read_label(paths: Paths) -> Label:
    """As it is now. Blocks for a moment."""
    identity = machine_status.identity()
    return Label(
        identity["serial"],
        identity["hostname"],
        tuple(machine_status.addresses()),
        machine_status.fingerprint(paths),
        machine_status.setup_code(paths),
    )


def as_text(label: Label) -> str:
    """To be read."""
    return "".join(f"{what:<12}{value}\n" for what, value in label.lines())


def as_svg(label: Label) -> str:
    """To be printed: 90 mm wide, black on white (SVG 1.1)."""
    lines = label.lines()
    height = (len(lines) + 1) * LINE_MM
    rows = "".join(
        f'<text x="4" y="{(row + 1) * LINE_MM:g}">{escape(what)}</text>'
        f'<text x="27" y="{(row + 1) * LINE_MM:g}" font-family="monospace">{escape(value)}</text>\n'
        for row, (what, value) in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_MM:g}mm" height="{height:g}mm" '
        f'viewBox="0 0 {WIDTH_MM:g} {height:g}" font-family="sans-serif" font-size="3.4">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{rows}</svg>\n'
    )


async def keep_label(paths: Paths, folder: Path) -> None:
    """Keep the files true. Until cancelled; where they cannot be written that is said once for each change."""
    written: Label | None = None
    while True:
        label = await asyncio.to_thread(read_label, paths)
        if label != written:
            written = label
            try:
                await asyncio.to_thread(write_label, label, folder)
            except OSError as error:
                log.error("the label cannot be written: %s", error.strerror)
        await asyncio.sleep(LOOK_EVERY_S)


def write_label(label: Label, folder: Path) -> None:
    """Replace both files; raises OSError."""
    for name, content in (("label.txt", as_text(label)), ("label.svg", as_svg(label))):
        partial = folder / f"{name}.new"
        partial.touch(mode=0o600)
        partial.write_text(content)
        partial.rename(folder / name)
