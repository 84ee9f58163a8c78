"""What systemd itself says of the unit files."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
ANALYZE = shutil.which("systemd-analyze")
MOST_EXPOSED = 2.0
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")


@needs_systemd
def test_the_unit_files_say_only_what_systemd_knows(tmp_path: Path) -> None:
    interpreter = tmp_path / "python"
    interpreter.touch(mode=0o755)
    for file in (*SYSTEMD.glob("*.service"), *SYSTEMD.glob("*.target")):
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
    assert float(found[1]) <= MOST_EXPOSED
