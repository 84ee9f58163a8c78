"""Commands on a state folder without a control service: a bench, here one that is stopped."""

import json
import os
import signal
import subprocess
import zipfile
from pathlib import Path

import apsw
import pytest

from appliance.core.clock import ManualClock
from appliance.core.paths import Paths
from tests.backup.state import CAMERA_PASSWORD, observe
from tests.cli.running import COMMAND, Shell

NEEDS_AN_APPLIANCE = (
    ["reboot", "--yes"],
    ["power-off", "--yes"],
    ["reset", "--scope", "users", "--confirm", "x"],
    ["network", "show"],
    ["network", "set", "--mode", "dhcp"],
    ["network", "confirm"],
    ["slots"],
)


@pytest.mark.parametrize("arguments", NEEDS_AN_APPLIANCE, ids=" ".join)
def test_what_needs_a_machine_of_ours_says_so(shell: Shell, arguments: list[str]) -> None:
    said = shell.run(*arguments)
    assert (said.status, said.out) == (3, "")
    assert "source tree" in said.err


@pytest.mark.parametrize("arguments", [[], ["no-such"], ["reset"], ["reset", "--scope", "all"], ["backup"], ["stat"]])
def test_what_is_not_understood_has_status_2(shell: Shell, arguments: list[str]) -> None:
    said = shell.run(*arguments)
    assert said.status == 2
    assert "usage: gatehouse" in said.err


def test_the_status_is_told_to_people_and_to_programs(shell: Shell) -> None:
    run = Paths(shell.data).run
    (run / "api").mkdir(parents=True)
    (run / "api" / "ready.json").write_text('{"url": "https://localhost:8443", "setup_code": "done"}')
    here = {"pid": os.getpid(), "ready": True, "restarts": 0}
    units = {"api": {**here, "restarts": 2}, "bus": {**here, "pid": None, "ready": False}}
    (run / "supervisor.json").write_text(json.dumps({"units": units}))
    told = shell.run("status", "--json")
    assert told.status == 5
    assert told.json["url"] == "https://localhost:8443"
    assert [(unit["name"], unit["state"]) for unit in told.json["units"]] == [("api", "active"), ("bus", "activating")]
    assert told.json["claimed"] is True
    shown = shell.run("status").out
    assert "api: active, restarted 2 times" in shown
    assert told.json["fingerprint"] in shown
    (run / "supervisor.json").write_text(json.dumps({"units": {**units, "bus": here}}))
    assert shell.run("status").status == 0


def test_no_output_has_colours_or_moves_the_cursor(shell: Shell) -> None:
    said = shell.run("status")
    assert "\x1b" not in said.out + said.err + shell.run("--help").out


def test_the_version_is_told(shell: Shell) -> None:
    assert shell.run("version").out.startswith("gatehouse ")
    assert shell.run("version", "--json").json["version"]


def log_line(second: int, message: str, unit: str = "api") -> str:
    time_text = f"2026-01-01T00:00:{second:02}.000000Z"
    return json.dumps(
        {"time": time_text, "level": "info", "unit": unit, "logger": "x", "message": message}, separators=(",", ":")
    )


@pytest.fixture(name="logs")
def logs_fixture(shell: Shell) -> Path:
    folder = shell.data / "log"
    folder.mkdir()
    (folder / "api.log.1").write_text(log_line(1, "first") + "\n")
    (folder / "api.log").write_text(log_line(3, "third") + "\n" + log_line(5, "fifth \x1b[2J") + "\nno json\n")
    (folder / "ingest@0.log").write_text(
        log_line(2, "second", "ingest-0") + "\n" + log_line(4, "fourth", "ingest-0") + "\n"
    )
    return folder


def test_logs_are_shown_in_the_order_of_their_times(shell: Shell, logs: Path) -> None:
    said = shell.run("logs", "--lines", "5").out
    assert [line.split()[-1] for line in said.splitlines() if "2026" in line][:4] == [
        "first",
        "second",
        "third",
        "fourth",
    ]
    assert "\x1b" not in said
    assert "2026-01-01T00:00:02Z info    ingest-0: second" in said


def test_logs_of_one_unit_from_a_time_on(shell: Shell, logs: Path) -> None:
    said = shell.run("logs", "--unit", "api", "--since", "2026-01-01T00:00:02Z").out
    assert "third" in said
    assert "first" not in said
    assert "second" not in said
    assert shell.run("logs", "--unit", "nobody").status == 1
    assert "is no time" in shell.run("logs", "--since", "yesterday").err


def heed_interruption() -> None:
    """As at a terminal: what a shell starts in the background inherits that the signal is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_logs_are_followed_until_interrupted(shell: Shell, logs: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "logs", "-f", "--lines", "1"],
        env=shell.environment,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interruption,
    )
    assert process.stdout is not None
    assert process.stdout.readline()
    with (logs / "api.log").open("a") as file:
        file.write(log_line(6, "sixth") + "\n")
    assert "sixth" in process.stdout.readline()
    (logs / "api.log").write_text(log_line(7, "seventh") + "\n")  # begun anew, as a long one is
    assert "seventh" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130


def test_the_audit_log_is_verified_and_a_change_is_found(shell: Shell) -> None:
    assert shell.run("audit", "verify").status == 0
    told = shell.run("audit", "verify", "--json").json
    assert (told["intact"], told["entries"]) == (True, 1)
    db = apsw.Connection(str(shell.data / "state" / "api" / "audit.db"))
    db.execute("UPDATE entry SET content = CAST(replace(content, 'ada', 'eve') AS BLOB)")
    db.close()
    said = shell.run("audit", "verify")
    assert said.status == 5
    assert "entry 1 is not as it was written" in said.out


def test_a_backup_is_made_listed_and_put_back(shell: Shell) -> None:
    paths, clock = Paths(shell.data), ManualClock()
    before = observe(paths, clock)
    made = shell.run("backup", "create")
    assert made.status == 0
    name = made.out.strip()
    assert name in shell.run("backup", "list").out
    assert [one["id"] for one in shell.run("backup", "list", "--json").json] == [name]
    assert "Give --yes" in shell.run("backup", "restore", name).err
    assert not (shell.data / "restore" / "staged").exists()
    said = shell.run("backup", "restore", name, "--yes")
    assert said.status == 0
    assert "when the appliance starts" in said.out
    assert (shell.data / "restore" / "staged").exists()
    assert observe(paths, clock) == before


def test_a_password_comes_from_a_file_or_standard_input_and_never_from_the_command_line(shell: Shell) -> None:
    (shell.data / "password").write_text("several words together\n")
    made = shell.run("backup", "create", "--password-file", str(shell.data / "password"))
    name = made.out.strip()
    assert "encrypted" in shell.run("backup", "list").out
    assert "Give the password" in shell.run("backup", "restore", name, "--yes").err
    assert shell.run("backup", "restore", name, "--yes", "--password-file", "-", given="not this\n").status == 1
    given = shell.run("backup", "restore", name, "--yes", "--password-file", "-", given="several words together\n")
    assert given.status == 0


def test_a_file_that_is_no_backup_is_refused_with_the_reason(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    said = shell.run("backup", "restore", str(tmp_path / "x"), "--yes")
    assert said.status == 1
    assert "no backup" in said.err
    assert shell.run("backup", "restore", str(tmp_path / "missing"), "--yes").status == 1


def test_a_damaged_database_is_told_of(shell: Shell) -> None:
    file = shell.data / "state" / "api" / "audit.db"
    content = bytearray(file.read_bytes())
    content[4096:8192] = b"\xff" * 4096
    file.write_bytes(content)
    said = shell.run("backup", "create")
    assert said.status == 5
    assert "damaged: state/api/audit.db" in said.err


def test_a_support_bundle_has_no_secret_in_it(shell: Shell, tmp_path: Path) -> None:
    (shell.data / "log").mkdir()
    (shell.data / "log" / "api.log").write_text(log_line(1, f"strange {CAMERA_PASSWORD} line") + "\n")
    said = shell.run("support-bundle", str(tmp_path / "support.zip"))
    assert said.status == 0, said.err
    assert (tmp_path / "support.zip").stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(tmp_path / "support.zip") as bundle:
        contents = {name: bundle.read(name) for name in bundle.namelist()}
    assert {"README.txt", "about.json", "condition.json", "config/things.json"} <= contents.keys()
    assert not [name for name, content in contents.items() if CAMERA_PASSWORD.encode() in content]


def test_the_certificate_is_shown_and_made_anew(shell: Shell) -> None:
    told = shell.run("certificates", "show", "--json").json
    assert told["names"] == ["localhost"]
    assert told["fingerprint"] in shell.run("certificates", "show").out
    assert shell.run("certificates", "rotate").status == 1
    assert shell.run("certificates", "rotate", "--yes").status == 0
    said = shell.run("certificates", "show")
    assert "Start the appliance" in said.err
