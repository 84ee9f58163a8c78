"""What a network may be, and what networkd is told of it."""

from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.errors import ProblemError
from appliance.host.network_apply import NetworkFiles, main_port
from appliance.host.network_settings import NetworkSettings, check_settings, unit_text

ADDRESS = "52:54:00:12:34:56"
STATIC = {"mode": "static", "address": "192.0.2.10/24", "gateway": "192.0.2.1"}


def settings(**fields: Any) -> NetworkSettings:
    return msgspec.convert(fields, NetworkSettings)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"hostname": "front-gate"},
        {"dns": ["192.0.2.53", "2001:db8::53"], "ntp": ["ntp.example.com", "192.0.2.123"]},
        STATIC,
        {"mode": "static", "address": "2001:db8::10/64", "gateway": "2001:db8::1"},
        {"mode": "static", "address": "10.0.0.1/31"},
    ],
)
def test_good_settings_pass(fields: dict[str, Any]) -> None:
    check_settings(settings(**fields))


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("address", {"mode": "static"}),
        ("address", {**STATIC, "address": "192.0.2.10"}),
        ("address", {**STATIC, "address": "192.0.2.0/24"}),
        ("address", {**STATIC, "address": "192.0.2.255/24"}),
        ("address", {**STATIC, "address": "192.0.2.10/33"}),
        ("address", {**STATIC, "address": "127.0.0.1/8"}),
        ("address", {**STATIC, "address": "224.0.0.1/4"}),
        ("address", {**STATIC, "address": "fe80::1%eth0/64"}),
        ("address", {**STATIC, "address": "192.0.2.10/24\nGateway=192.0.2.66"}),
        ("address", {"address": "192.0.2.10/24"}),
        ("gateway", {"gateway": "192.0.2.1"}),
        ("gateway", {**STATIC, "gateway": "192.0.3.1"}),
        ("gateway", {**STATIC, "gateway": "192.0.2.10"}),
        ("gateway", {**STATIC, "gateway": "2001:db8::1"}),
        ("gateway", {**STATIC, "gateway": "router"}),
        ("dns", {"dns": ["dns.example.com"]}),
        ("dns", {"dns": ["1.2.3.4\nDNSSEC=no"]}),
        ("ntp", {"ntp": ["-bad-"]}),
        ("ntp", {"ntp": ["a b"]}),
        ("ntp", {"ntp": ["256.1.1.1"]}),
        ("hostname", {"hostname": "front gate"}),
        ("hostname", {"hostname": "-gate"}),
        ("hostname", {"hostname": "gate.example.com"}),
        ("hostname", {"hostname": "gäte"}),
    ],
)
def test_bad_settings_name_their_field(field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(ProblemError) as raised:
        check_settings(settings(**fields))
    assert raised.value.field == field and raised.value.remedy


def parsed(text: str | None) -> RawConfigParser:
    parser = RawConfigParser(strict=False)
    parser.read_string(text or "")
    return parser


def test_dhcp_alone_is_what_the_image_says_already() -> None:
    assert unit_text(settings(hostname="gate"), "eth0") is None


def test_a_static_address_goes_to_one_port_which_stays_reachable_by_its_name() -> None:
    unit = parsed(unit_text(settings(**STATIC), ADDRESS))
    assert unit["Match"]["macaddress"] == ADDRESS
    network = unit["Network"]
    assert (network["address"], network["gateway"], network["dhcp"]) == ("192.0.2.10/24", "192.0.2.1", "no")
    assert (network["multicastdns"], network["linklocaladdressing"]) == ("yes", "yes")


def test_servers_beside_dhcp_replace_its_own() -> None:
    unit = parsed(unit_text(settings(dns=["192.0.2.53"]), "eth0"))
    assert (unit["Network"]["dns"], unit["DHCPv4"]["usedns"], unit["DHCPv4"]["usentp"]) == ("192.0.2.53", "no", "yes")


TEXTS = st.text(max_size=64)


@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=4), st.lists(TEXTS, max_size=4), st.sampled_from(["dhcp", "static"]))
def test_no_text_becomes_a_line_of_its_own(
    address: str, gateway: str, dns: list[str], ntp: list[str], mode: str
) -> None:
    wanted = settings(mode=mode, address=address, gateway=gateway, dns=dns, ntp=ntp)
    try:
        check_settings(wanted)
    except ProblemError:
        return
    allowed = {"MACAddress", "Type", "Kind", "RequiredForOnline", "DHCP", "LinkLocalAddressing", "IPv6AcceptRA"}
    allowed |= {"MulticastDNS", "LLMNR", "DNS", "NTP", "Address", "Gateway", "ClientIdentifier", "UseHostname"}
    allowed |= {"UseDNS", "UseNTP"}
    for line in (unit_text(wanted, ADDRESS) or "").splitlines():
        assert line[0] == "[" or line.split("=")[0] in allowed


@pytest.fixture(name="files")
def files_fixture(tmp_path: Path) -> NetworkFiles:
    for name, kind, carrier in (("lo", "772", "1"), ("eth0", "1", "0"), ("eth1", "1", "1"), ("wlan0", "801", "1")):
        port = tmp_path / "net" / name
        port.mkdir(parents=True)
        (port / "type").write_text(f"{kind}\n")
        (port / "carrier").write_text(f"{carrier}\n")
        (port / "address").write_text(f"52:54:00:00:00:0{name[-1] if name[-1].isdigit() else 9}\n")
        if name != "lo":
            (port / "device").mkdir()
    return NetworkFiles(
        tmp_path / "state" / "network.json", tmp_path / "run" / "70-gatehouse.network", tmp_path / "net"
    )


def test_the_port_with_a_cable_is_the_one(files: NetworkFiles) -> None:
    assert main_port(files.ports) == "52:54:00:00:00:01"
    assert main_port(files.ports / "none") is None


def test_settings_come_back_as_they_were_kept(files: NetworkFiles) -> None:
    assert files.read() == NetworkSettings()
    wanted = settings(**STATIC, dns=["192.0.2.53"])
    files.keep(wanted)
    assert files.read() == wanted


def test_the_port_of_a_static_address_is_known_before_the_ports_are_there(files: NetworkFiles) -> None:
    files.keep(settings(**STATIC))
    assert NetworkFiles(files.settings, files.unit, files.ports / "none").kept().port == "52:54:00:00:00:01"


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"mode": "static"}', b'{"colour": "red"}'])
def test_a_spoilt_file_leaves_the_machine_reachable(files: NetworkFiles, content: bytes) -> None:
    files.settings.parent.mkdir()
    files.settings.write_bytes(content)
    assert files.read() == NetworkSettings()


def test_networkd_finds_the_settings_until_they_are_dhcp_again(files: NetworkFiles) -> None:
    files.write_unit(settings(**STATIC), ADDRESS)
    assert f"MACAddress={ADDRESS}\n" in files.unit.read_text() and files.unit.stat().st_mode & 0o777 == 0o644
    files.write_unit(NetworkSettings(), ADDRESS)
    assert not files.unit.exists()
