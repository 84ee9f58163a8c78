"""What a bench reports: bench/results.json, one row per figure."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).parent / "results.json"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. goal reads like "<= 0.5"; ok: the value meets it; method: what was measured, and how."""

    name: str
    value: float
    unit: str
    goal: str
    ok: bool
    method: str


def at_most(name: str, value: float, unit: str, limit: float, method: str) -> Figure:
    """A figure that is good when small."""
    return Figure(name, round(value, 4), unit, f"<= {limit:g}", value <= limit, method)


def at_least(name: str, value: float, unit: str, limit: float, method: str) -> Figure:
    """A figure that is good when large."""
    return Figure(name, round(value, 4), unit, f">= {limit:g}", value >= limit, method)


def stated(name: str, value: float, unit: str, method: str) -> Figure:
    """A figure with no goal: a peer's, for comparison."""
    return Figure(name, round(value, 4), unit, "", True, method)


def median_of(values: Sequence[float]) -> float:
    """The median; a bench quotes nothing else."""
    return statistics.median(values)


def merge(figures: Sequence[Figure]) -> None:
    """Replace the rows of these names in results.json and keep the others."""
    old = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    names = {f.name for f in figures}
    rows = [row for row in old if row["name"] not in names] + [asdict(f) for f in figures]
    RESULTS.write_text(json.dumps(sorted(rows, key=lambda row: row["name"]), indent=1) + "\n")


def show(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = ["| figure | value | goal | met | how |", "|---|---|---|---|---|"]
    for f in figures:
        met = "" if not f.goal else "yes" if f.ok else "**no**"
        lines.append(f"| {f.name} | {f.value:g} {f.unit} | {f.goal} | {met} | {f.method} |")
    return "\n".join(lines)
