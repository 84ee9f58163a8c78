from pathlib import Path

import pytest

from appliance.core.settings import DEFAULT_SHARDS
from appliance.supervisor.unit import services
from appliance.supervisor.unit_file import directives, duration_s, extra_service, read_service

UNITS = Path(__file__).parents[2] / "systemd"
ON_THE_BUS = sorted(  # those that talk to each other; what all others may do: test_systemd.py
    path for path in UNITS.glob("*.service") if "PartOf=gatehouse.target" in path.read_text()
)


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


@pytest.mark.parametrize("path", ON_THE_BUS, ids=lambda path: path.name)
def test_every_unit_is_started_again_for_ever_watched_and_run_without_privileges(path: Path) -> None:
    service = read_service(path, "python", 0 if "@" in path.name else None)
    values = directives(path.read_text())
    assert service.restart == "always"
    assert service.notifies
    assert 0 < service.watchdog_s <= 60
    assert "OnFailure=gatehouse-again@%n.service" in path.read_text()
    assert values["NoNewPrivileges"] == "yes"
    assert values["CapabilityBoundingSet"] == ""
    assert values["MemoryMax"]
    assert int(values["CPUWeight"])


def test_every_kind_of_unit_is_a_user_of_its_own() -> None:
    users = [directives(file.read_text())["User"] for file in ON_THE_BUS]
    assert users == [file.stem.rstrip("@") for file in ON_THE_BUS]
    sysusers = (UNITS / "gatehouse.sysusers").read_text()
    assert [user for user in users if f"\nu {user} " not in sysusers] == []


def test_the_supervisor_and_the_target_start_the_same_units() -> None:
    by_supervisor = {f"gatehouse-{service.name}.service" for service in services(UNITS, DEFAULT_SHARDS, [])}
    (wants,) = [line for line in (UNITS / "gatehouse.target").read_text().splitlines() if line.startswith("Wants=")]
    assert set(wants.removeprefix("Wants=").split()) == by_supervisor


def rooms() -> dict[str, list[str]]:
    """The lines of tmpfiles.d by their folder: mode, owner, group."""
    lines = [line.split() for line in (UNITS / "gatehouse.tmpfiles").read_text().splitlines()]
    return {words[1]: words[2:] for words in lines if words and words[0] == "d"}


def test_no_room_is_open_to_everybody_and_none_belongs_to_an_unknown_user() -> None:
    sysusers = (UNITS / "gatehouse.sysusers").read_text().split()
    for folder, (mode, owner, group) in rooms().items():
        assert int(mode, 8) & 0o7 == 0 or (mode, owner, group) == ("0755", "root", "root"), folder
        assert {owner, group} <= {"root", *sysusers}, folder


@pytest.mark.parametrize("path", ON_THE_BUS, ids=lambda path: path.name)
def test_what_a_unit_sees_of_the_state_folder_is_there_before_it_starts(path: Path) -> None:
    values = directives(path.read_text())
    seen = [*values["BindPaths"].split(), *values.get("BindReadOnlyPaths", "").split()]
    assert values["TemporaryFileSystem"] == "/var/lib/gatehouse:ro"
    assert [folder for folder in seen if folder not in rooms() and not folder.endswith(values["StateDirectory"])] == []


def test_recording_comes_first_on_a_busy_processor() -> None:
    shares = {name: read_service(UNITS / f"gatehouse-{name}.service", "python", 0).niceness for name in ("bus", "api")}
    ingest = read_service(UNITS / "gatehouse-ingest@.service", "python", 0).niceness
    assert ingest < shares["bus"] < shares["api"] == 0


def test_a_command_of_the_bench_needs_no_unit_file() -> None:
    service = extra_service("demo=python -m 'a b' --port 1")
    assert (service.name, service.command) == ("demo", ("python", "-m", "a b", "--port", "1"))
    assert not service.notifies
