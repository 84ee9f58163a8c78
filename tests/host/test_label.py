"""What is on the label, and that the setup code leaves it when it has served."""

import asyncio
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.paths import Paths
from appliance.host import label as module
from appliance.host.label import Label, as_svg, as_text, keep_label, read_label, write_label
from tests.host.control_service import Service

FINGERPRINT = ":".join(f"{number:02X}" for number in range(32))
LABEL = Label("GH0123456789", "gatehouse-456789", ("192.0.2.10", "2001:db8::10"), FINGERPRINT, "ABCDE-FGHJK")


def test_it_says_how_to_reach_the_machine_and_how_to_know_it() -> None:
    text = as_text(LABEL)
    for part in ("GH0123456789", "https://gatehouse-456789.local", "https://192.0.2.10", "https://[2001:db8::10]"):
        assert part in text
    assert "ABCDE-FGHJK" in text and "".join(text.split()).endswith("18:19:1A:1B:1C:1D:1E:1F")
    assert max(map(len, text.splitlines())) <= 79


def test_without_a_code_or_a_certificate_it_says_nothing_of_them() -> None:
    text = as_text(replace(LABEL, setup_code=None, fingerprint=""))
    assert "code" not in text.lower() and "SHA" not in text


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20))
def test_what_is_printed_is_well_formed(name: str) -> None:
    root = ElementTree.fromstring(as_svg(replace(LABEL, name=name)))  # noqa: S314
    assert f"https://{name}.local" in [element.text for element in root.iter()]


def test_it_is_for_root_alone(tmp_path: Path) -> None:
    write_label(LABEL, tmp_path)
    assert {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {
        "label.txt": 0o600,
        "label.svg": 0o600,
    }


async def test_the_code_leaves_the_label_when_it_has_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.01)
    code = tmp_path / "data" / "state" / "api" / "setup-code"
    code.parent.mkdir(parents=True)
    code.write_text("ABCDE-FGHJK")
    text = tmp_path / "label.txt"
    task = asyncio.create_task(keep_label(Paths(tmp_path / "data"), tmp_path))
    async with asyncio.timeout(20):
        while not text.exists() or "ABCDE-FGHJK" not in text.read_text():
            await asyncio.sleep(0.01)
        code.unlink()
        while "ABCDE-FGHJK" in text.read_text():
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_console_is_told_the_label(control: Service) -> None:
    control.user = "gatehouse-console"
    told = await control.ask("label")
    assert told["text"] == as_text(read_label(control.paths)) and told["svg"].startswith("<svg")
