"""Every problem a source can end with is in the reference."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NO_SOURCES = ("transcode", "snapshot")
CODE = re.compile(r'ProblemError\(\s*"([a-z-]+)"')


def test_every_problem_is_in_the_reference() -> None:
    reference = (ROOT / "docs" / "reference" / "camera-problems.md").read_text()
    documented = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", reference))
    media = [path for path in (ROOT / "appliance" / "media").rglob("*.py") if path.stem not in NO_SOURCES]
    raised = {c for path in [*media, ROOT / "appliance/ingest/camera.py"] for c in CODE.findall(path.read_text())}
    assert len(raised) > 20
    assert not raised - documented
