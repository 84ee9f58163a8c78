from pathlib import Path

import pytest

from appliance.supervisor.unit_file import directives, duration_s, extra_service, read_service

UNITS = Path(__file__).parents[2] / "systemd"


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("20", 20), ("1min 30s", 90), ("2h", 7200), ("1.5s", 1.5)]
)
def test_durations_are_read_as_systemd_reads_them(text: str, seconds: float) -> None:
    assert duration_s(text) == pytest.approx(seconds)


def test_a_word_is_no_duration() -> None:
    with pytest.raises(ValueError, match="soon"):
        duration_s("soon")


def test_only_the_service_section_counts_and_the_last_value_wins() -> None:
    text = "[Unit]\nRestart=never\n[Service]\n# Restart=no\nRestart=no\nRestart=always\n[Install]\nRestart=x\n"
    assert directives(text) == {"Restart": "always"}


def test_the_instance_goes_into_the_command_and_the_name() -> None:
    service = read_service(UNITS / "gatehouse-ingest@.service", "/usr/bin/python3", 3)
    assert service.name == "ingest@3"
    assert service.command == ("/usr/bin/python3", "-m", "appliance", "ingest", "--instance", "3")


@pytest.mark.parametrize("path", sorted(UNITS.glob("*.service")), ids=lambda path: path.name)
def test_every_unit_is_started_again_for_ever_watched_and_run_without_privileges(path: Path) -> None:
    service = read_service(path, "python", 0 if "@" in path.name else None)
    values = directives(path.read_text())
    assert service.restart == "always"
    assert service.notifies
    assert 0 < service.watchdog_s <= 60
    assert "StartLimitIntervalSec=0" in path.read_text()
    assert f"u {values['User']} " in (UNITS / "gatehouse.sysusers").read_text()
    assert values["NoNewPrivileges"] == "yes"
    assert values["CapabilityBoundingSet"] == ""


def test_recording_comes_first_on_a_busy_processor() -> None:
    shares = {name: read_service(UNITS / f"gatehouse-{name}.service", "python", 0).niceness for name in ("bus", "api")}
    ingest = read_service(UNITS / "gatehouse-ingest@.service", "python", 0).niceness
    assert ingest < shares["bus"] < shares["api"] == 0


def test_a_command_of_the_bench_needs_no_unit_file() -> None:
    service = extra_service("demo=python -m 'a b' --port 1")
    assert (service.name, service.command) == ("demo", ("python", "-m", "a b", "--port", "1"))
    assert not service.notifies
