"""The console as a person meets it: a real terminal, the real program, a control service on a real socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.control import ControlService, serving
from tests.console.terminal import ENTER, ESCAPE, REDRAW, Person, at_the_console

HOME = "Press a number:"


@pytest.fixture(name="service")
def service_fixture(tmp_path: Path) -> Iterator[ControlService]:
    with serving(tmp_path / "control.sock") as service:
        yield service


@pytest.fixture(name="person")
def person_fixture(service: ControlService, tmp_path: Path) -> Iterator[Person]:
    with at_the_console(tmp_path / "control.sock") as person:
        person.sees("192.0.2.10")
        yield person


def test_who_stands_before_it_reads_how_to_reach_and_claim_it(person: Person) -> None:
    shown = person.screen
    for told in (
        "Front office",
        "https://gatehouse-3f7k2q.local, https://192.0.2.10",
        "ABCDE-FGHJK",
        "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F",
        "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F",
        "all 3 run",
        "2.0 TB, 50 % used",
        "A 0.1.0 runs now; B 0.0.9 ready",
    ):
        assert told in shown
    assert len(shown.splitlines()) <= 24
    assert all(len(line) < 80 for line in shown.splitlines())


def test_the_setup_code_goes_when_it_has_served(service: ControlService, person: Person) -> None:
    service.answers["status"] |= {"setup_code": None, "claimed": True}
    person.waits(lambda: "ABCDE-FGHJK" not in person.screen, "the code to go")


def test_a_problem_of_the_data_partition_is_told_with_its_remedy(service: ControlService, person: Person) -> None:
    problem = {"code": "data-unreadable", "title": "The data partition cannot be read", "remedy": "Check the disk."}
    service.answers["status"] |= {"data_problem": problem}
    person.sees("! The data partition cannot be read. Check the disk.")
    service.answers["status"]["units"][1] |= {"state": "failed"}
    person.sees("ingest@0 is failed")


def test_nothing_is_sent_while_nothing_changes(service: ControlService, person: Person) -> None:
    person.sees(HOME)
    looks, before = service.looks, len(person.received)
    service.answers["status"] |= {"uptime_s": 4711}
    person.types("x")  # no item: nothing to draw
    person.waits(lambda: service.looks > looks + 3, "some looks")
    assert len(person.received) == before


def test_one_line_that_changes_is_all_that_is_sent(service: ControlService, person: Person) -> None:
    person.sees(HOME)
    before = len(person.received)
    service.answers["status"] |= {"addresses": ["192.0.2.77"]}
    person.sees("192.0.2.77")
    sent = person.received[before:]
    assert sent.count(b"H") <= 3
    assert len(sent) < 120
    assert b"https://192.0.2.77" in sent


def test_a_static_address_is_set_after_mistakes_and_a_confirmation(service: ControlService, person: Person) -> None:
    person.types("1")
    person.sees("by DHCP")
    person.types("2")
    person.sees("Address and length:")
    person.types("192.0.2.300/24" + ENTER)
    person.sees("! This is not an address")
    person.types("\x7f" * 14 + "192.0.2.20/24" + ENTER)
    person.sees("Gateway:")
    person.types("198.51.100.1" + ENTER)
    person.sees("! The gateway is not in the network 192.0.2.0/24.")
    person.types("\x7f" * 12 + "192.0.2.1" + ENTER)
    person.sees("Name servers:")
    person.types("192.0.2.53 192.0.2.54" + ENTER)
    person.sees("This becomes the network:")
    person.types("y")
    person.sees("The network is changed.")
    assert service.asked[-1] == {
        "verb": "set-network",
        "mode": "static",
        "address": "192.0.2.20/24",
        "gateway": "192.0.2.1",
        "dns": ["192.0.2.53", "192.0.2.54"],
        "ntp": [],
        "hostname": "gatehouse-3f7k2q",
    }
    person.types(" ")
    person.sees(HOME)


@pytest.mark.parametrize("way_out", ["0", ESCAPE, "\x03"])
def test_going_back_changes_nothing(service: ControlService, person: Person, way_out: str) -> None:
    person.types("8")
    person.sees("Press y to do it")
    person.types(way_out)
    person.sees(HOME)
    person.types("3")
    person.sees("The units")
    person.types(way_out)
    person.waits(lambda: "Certificate fingerprint" in person.screen, "the menu")
    assert service.asked == []


def test_a_reset_wants_the_machines_name(service: ControlService, person: Person) -> None:
    person.types("9")
    person.sees("Everything:")
    person.types("2")
    person.sees("type the name of this machine: gatehouse-3f7k2q")
    person.types("yes" + ENTER)
    person.sees("! This is not gatehouse-3f7k2q.")
    assert service.asked == []
    person.types("\x7f\x7f\x7fgatehouse-3f7k2q" + ENTER)
    person.sees("The reset is done")
    assert service.asked == [{"verb": "reset", "scope": "everything", "confirm": "gatehouse-3f7k2q"}]


def test_what_the_control_service_refuses_is_told_with_its_remedy(service: ControlService, person: Person) -> None:
    service.answers["power-off"] = {
        "problem": {"code": "x", "title": "It may not", "remedy": "Ask again.", "status": 409}
    }
    person.types("4")
    person.sees("Power off")
    person.types("y")
    person.sees("It may not.")
    assert "Ask again." in person.screen


def test_the_time_is_set_where_no_server_tells_it(service: ControlService, person: Person) -> None:
    person.types("2")
    person.sees("It is taken from a time server.")
    person.types("1")
    person.sees("Time in UTC:")
    person.types("\x7f" * 16 + "2026-11-25 16:30" + ENTER)
    person.sees("The time is set.")
    assert service.asked == [{"verb": "set-time", "time": "2026-11-25T16:30:00Z"}]


def test_time_servers_are_set_and_the_rest_of_the_network_stays(service: ControlService, person: Person) -> None:
    person.types("2")
    person.sees("Set the time servers")
    person.types("2")
    person.sees("Names or addresses:")
    person.types("ntp.example 192.0.2.1" + ENTER)
    person.sees("The time servers are set.")
    asked = service.asked[-1]
    assert (asked["verb"], asked["ntp"], asked["mode"]) == ("set-network", ["ntp.example", "192.0.2.1"], "dhcp")


def test_an_update_is_chosen_among_those_on_sticks(service: ControlService, person: Person) -> None:
    service.answers["sticks"] = {"files": []}
    person.types("7")
    person.sees("There is no update on any USB stick.")
    service.answers["sticks"] = {"files": [{"name": f"new-{n}.raucb", "size_bytes": 255_000_000} for n in (1, 2)]}
    person.types(" ")
    person.sees(HOME)
    person.types("7")
    person.sees("2 new-2.raucb (255 MB)")
    person.types("2")
    person.sees("new-2.raucb will be installed")
    person.types("y")
    person.sees("is being installed")
    assert service.asked[-1] == {"verb": "install", "file": "new-2.raucb"}


def test_the_other_version_is_started_after_a_confirmation(service: ControlService, person: Person) -> None:
    person.types("8")
    person.sees("The machine restarts into B 0.0.9 ready.")
    person.types("y")
    person.sees("The machine restarts.")
    assert service.asked == [{"verb": "boot-other-slot"}]


def test_the_name_is_changed_and_the_rest_of_the_network_stays(service: ControlService, person: Person) -> None:
    person.types("1")
    person.sees("Name servers  by DHCP")
    person.types("3")
    person.sees("Name:")
    person.types("\x7f" * 30 + "Not a name" + ENTER)
    person.sees("! A name is of letters")
    person.types("\x7f" * 30 + "gate-7" + ENTER)
    person.sees("This becomes the network:")
    person.types("y")
    person.sees("The network is changed.")
    asked = service.asked[-1]
    assert (asked["verb"], asked["hostname"], asked["mode"]) == ("set-network", "gate-7", "dhcp")


def test_logs_are_read_from_their_end_and_do_not_move_the_cursor(service: ControlService, person: Person) -> None:
    lines = [f"line {number}" for number in range(99)] + ["\x1b[2Jlast \x07line"]
    service.answers["logs"] = {"text": "\n".join(lines)}
    person.types("6")
    person.sees("?[2Jlast ?line")
    person.types("p")
    person.sees("line 70")
    assert "line 98" not in person.screen
    person.types("0")
    person.sees(HOME)


def test_what_somebody_else_wrote_over_it_is_drawn_anew(person: Person) -> None:
    person.sees(HOME)
    before = len(person.received)
    person.types(REDRAW)
    person.waits(lambda: b"ABCDE-FGHJK" in person.received[before:], "a new picture")
    assert b"\x1b[2J" not in person.received, "nothing flickers"


def test_a_terminal_that_can_do_nothing_gets_lines(service: ControlService, tmp_path: Path) -> None:
    with at_the_console(tmp_path / "control.sock", term="dumb") as person:
        person.sees("ABCDE-FGHJK")
        person.types("9")
        person.sees("Everything:")
        person.types("1")
        person.sees("Name:")
        person.types("gate\x7f\x7fte")
        person.sees("Name: gate\b \b\b \b")
        person.types(ESCAPE)
        assert b"\x1b" not in person.received


def test_it_says_so_while_the_control_service_is_away_and_recovers(tmp_path: Path) -> None:
    (tmp_path / "control.sock").touch()
    with at_the_console(tmp_path / "control.sock") as person:
        person.sees("! The control service does not answer.")
        (tmp_path / "control.sock").unlink()
        with serving(tmp_path / "control.sock"):
            person.sees("ABCDE-FGHJK")
            assert "does not answer" not in person.screen


def test_the_command_is_the_console(service: ControlService, tmp_path: Path) -> None:
    with at_the_console(tmp_path / "control.sock", "-m", "appliance.cli", "console") as person:
        person.sees("ABCDE-FGHJK")


def test_it_ends_with_its_terminal(person: Person) -> None:
    person.goes()
    assert person.process.wait(30) in (0, -1)
