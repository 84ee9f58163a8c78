"""What systemd itself says of the unit files."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.supervisor.unit_file import directives, duration_s

SYSTEMD = Path(__file__).parents[2] / "systemd"
ANALYZE = shutil.which("systemd-analyze")
MOST_EXPOSED = 2.0
# Why: docs/design/units.md. A unit that mounts for all others cannot have mounts of its own.
EXCEPTIONS = {"gatehouse-data.service": 3.4}
KINDS = ("service", "target", "slice", "timer", "socket")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


@needs_systemd
def test_the_unit_files_say_only_what_systemd_knows(tmp_path: Path) -> None:
    interpreter = tmp_path / "python"
    interpreter.touch(mode=0o755)
    for file in sorted(file for kind in KINDS for file in SYSTEMD.glob(f"*.{kind}")):
        text = file.read_text().replace("/opt/gatehouse/venv/bin/python", str(interpreter))
        (tmp_path / file.name).write_text(text)
    units = sorted(tmp_path.glob("gatehouse*"))
    said = subprocess.run(
        [str(ANALYZE), "verify", "--man=no", *map(str, units)], capture_output=True, text=True, timeout=60
    )
    about_ours = [line for line in said.stderr.splitlines() if "gatehouse" in line]
    assert about_ours == []


@needs_systemd
@pytest.mark.parametrize("file", sorted(SYSTEMD.glob("*.service")), ids=lambda file: file.name)
def test_a_unit_may_do_little(file: Path) -> None:
    said = subprocess.run(
        [str(ANALYZE), "security", "--offline=true", "--no-pager", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    found = re.search(r"exposure level for \S+: (\d+\.\d+)", said.stdout)
    if found is None:
        pytest.skip("this systemd-analyze cannot judge a file offline")
    assert float(found[1]) <= EXCEPTIONS.get(file.name, MOST_EXPOSED)


UNITS_DOC = Path(__file__).parents[2] / "docs" / "design" / "units.md"
SERVICES = sorted(SYSTEMD.glob("*.service"))
WATCHED = [file for file in SERVICES if "Type=notify" in file.read_text()]


@pytest.mark.parametrize("file", SERVICES, ids=lambda file: file.name)
def test_every_unit_is_in_the_table_of_what_it_may_do(file: Path) -> None:
    name = file.stem.removeprefix("gatehouse-").replace("@", "@N")
    assert f"| {name} |" in UNITS_DOC.read_text()


@pytest.mark.parametrize("file", SERVICES, ids=lambda file: file.name)
def test_a_unit_that_is_root_is_named_as_such(file: Path) -> None:
    values = directives(file.read_text())
    assert values.get("User") or f"| {file.name} |" in UNITS_DOC.read_text()


@pytest.mark.parametrize("file", WATCHED, ids=lambda file: file.name)
def test_a_unit_that_runs_for_long_is_watched_restarted_and_bounded(file: Path) -> None:
    values = directives(file.read_text())
    assert {"WatchdogSec", "MemoryMax", "CPUWeight", "Slice"} <= values.keys()
    assert values["Restart"] == "always" and duration_s(values["RestartSec"]) >= 0.2


def test_recording_goes_before_the_page_and_the_page_before_what_looks_after_the_machine() -> None:
    weights = [int(weight(SYSTEMD / f"gatehouse-{name}.slice")) for name in ("recording", "web", "service")]
    assert weights == sorted(weights, reverse=True) and len(set(weights)) == 3


def weight(file: Path) -> str:
    (line,) = (line for line in file.read_text().splitlines() if line.startswith("CPUWeight="))
    return line.partition("=")[2]


def test_every_slice_that_is_named_exists() -> None:
    named = {value for file in SERVICES if (value := directives(file.read_text()).get("Slice"))}
    assert named <= {file.name for file in SYSTEMD.glob("*.slice")}
