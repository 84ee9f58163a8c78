"""The picture that stands on the screen while nobody does anything. Pure: what is shown of a condition."""

from appliance.condition.model import Condition, Slot, UnitState
from appliance.console.text import labelled, printable, size_of, wrapped

MENU = (
    "Network",
    "Time",
    "Restart",
    "Power off",
    "Certificate fingerprint",
    "Logs",
    "Update from a USB stick",
    "Start the other version",
    "Reset",
)
_WELL = "active"
_SLOT_WORDS = {
    "running": "runs now",
    "good": "ready",
    "trial": "on trial",
    "bad": "does not start",
    "empty": "empty",
}


def home_lines(condition: Condition | None, columns: int, rule: str) -> list[str]:
    """Everything above the menu. None: the control service has not answered yet."""
    if condition is None:
        return ["Gatehouse", rule, "The appliance starts; its state is not known yet."]
    title = f"Gatehouse {condition.version}".rstrip()
    name = condition.name or condition.identity.hostname
    lines = [f"{title}{name:>{max(1, columns - 1 - len(title))}}", rule]
    width = columns - 1
    lines += labelled("Page", ", ".join(_addresses(condition)) or "no network address yet", width)
    if condition.setup_code and condition.claimed is not True:
        lines += labelled("Setup code", f"{condition.setup_code}   (enter it on the page, once)", width)
    lines += _fingerprint(condition.fingerprint)
    lines += labelled("Units", units_text(condition.units), width)
    lines += labelled("Data", data_text(condition), width)
    if condition.slots:
        lines += labelled("Versions", "; ".join(slot_text(slot) for slot in condition.slots), width)
    if condition.data_problem is not None:
        problem = condition.data_problem
        lines += ["", *wrapped(f"! {problem.title}. {problem.remedy}", width, "  ")]
    return lines


def units_text(units: tuple[UnitState, ...]) -> str:
    """All is well, or which unit is in which state."""
    if not units:
        return "not known"
    ill = [f"{unit.short_name} is {unit.state}" for unit in units if unit.is_ill]
    return "; ".join(ill) if ill else f"all {len([unit for unit in units if unit.state == _WELL])} run"


def data_text(condition: Condition) -> str:
    """How full; rounded, so that it rarely changes."""
    if condition.data is None:
        return "not known"
    space = condition.data
    used = 100 - round(100 * space.free_bytes / space.total_bytes) if space.total_bytes else 100
    where = "in memory only" if condition.data_problem is not None else f"{used} % used"
    return f"{size_of(space.total_bytes)}, {where}"


def slot_text(slot: Slot) -> str:
    """ "A 0.1.0 runs now"."""
    parts = (slot.name.upper(), slot.version or "", _SLOT_WORDS.get(slot.state, slot.state))
    return printable(" ".join(part for part in parts if part))


def fingerprint_lines(fingerprint: str) -> list[str]:
    """Two lines of sixteen bytes, to be read aloud."""
    half = (len(fingerprint) + 1) // 2
    return [fingerprint[:half].rstrip(":"), fingerprint[half:].lstrip(":")]


def _addresses(condition: Condition) -> list[str]:
    if condition.url:
        return [condition.url]
    mdns = condition.identity.mdns_name
    literal = [f"[{address}]" if ":" in address else address for address in condition.addresses]
    return [f"https://{name}" for name in (*((mdns,) if mdns else ()), *literal)]


def _fingerprint(fingerprint: str) -> list[str]:
    if not fingerprint:
        return labelled("Fingerprint", "no certificate yet", 80)
    first, second = fingerprint_lines(fingerprint)
    return [f"{'Fingerprint':<13}{first}", f"{'(SHA-256)':<13}{second}"]
