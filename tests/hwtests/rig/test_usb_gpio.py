"""The USB device with the GPIO lines, asked as QEMU asks it."""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from hwtests.rig.usb_gpio import (
    CONNECT,
    CONTROL_PACKET,
    GET_DESCRIPTOR,
    GET_REPORT,
    GPIO_CONFIG,
    GPIO_GET,
    GPIO_SET,
    HELLO,
    PRODUCT,
    SET_REPORT,
    STALLED,
    VENDOR,
    VERSION,
    Gpio,
    UsbGpio,
)

FEATURE = 3 << 8
WAIT_S = 20


class Host:
    """QEMU's side."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(WAIT_S)
        self._connection = connection
        self._lines = connection.makefile("rb")
        self.number = 0

    def packet(self) -> tuple[int, int, bytes]:
        kind, length, number = struct.unpack("<III", self._lines.read(12))
        return kind, number, self._lines.read(length)

    def control(self, request_type: int, request: int, value: int, size: int, data: bytes = b"") -> tuple[int, bytes]:
        """Status and data of a control transfer."""
        self.number += 1
        head = struct.pack("<BBBBHHH", 0, request, request_type, 0, value, 0, size)
        self._connection.sendall(struct.pack("<III", CONTROL_PACKET, len(head + data), self.number) + head + data)
        kind, number, content = self.packet()
        assert (kind, number) == (CONTROL_PACKET, self.number)
        return content[3], content[10:]

    def get(self, report: int, size: int) -> bytes:
        status, data = self.control(0xA1, GET_REPORT, FEATURE | report, size)
        assert status == 0
        return data

    def set(self, report: bytes) -> int:
        return self.control(0x21, SET_REPORT, FEATURE | report[0], len(report), report)[0]


@pytest.fixture(name="gpio")
def gpio_fixture() -> Gpio:
    return Gpio()


@pytest.fixture(name="host")
def host_fixture(gpio: Gpio, tmp_path: Path) -> Iterator[Host]:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "usb"))
        server.listen()
        device = UsbGpio.plug(tmp_path / "usb", gpio)
        connection, _ = server.accept()
        with connection:
            host = Host(connection)
            assert host.packet()[0] == HELLO
            while (packet := host.packet())[0] != CONNECT:
                pass
            assert struct.unpack("<HH", packet[2][4:8]) == (VENDOR, PRODUCT)
            yield host
            device.unplug()


def test_it_describes_itself_as_a_human_interface_device_with_two_endpoints(host: Host) -> None:
    _, device = host.control(0x80, GET_DESCRIPTOR, 0x0100, 18)
    assert (len(device), device[0]) == (18, 18)
    _, head = host.control(0x80, GET_DESCRIPTOR, 0x0200, 9)
    total = int.from_bytes(head[2:4], "little")
    _, whole = host.control(0x80, GET_DESCRIPTOR, 0x0200, 255)
    assert len(whole) == total
    parts = []
    while whole:
        parts.append(whole[1])
        whole = whole[whole[0] :]
    assert parts == [2, 4, 0x21, 5, 5]


def test_an_input_reads_as_it_was_set_from_here(host: Host, gpio: Gpio) -> None:
    for active in (True, False):
        gpio.set_input(3, active)
        assert host.get(GPIO_GET, 2) == bytes([GPIO_GET, active << 3])


def test_an_output_is_what_the_recorder_made_of_it(host: Host, gpio: Gpio) -> None:
    assert host.set(bytes([GPIO_CONFIG, 0b100, 0, 0, 0])) == 0
    assert host.get(GPIO_CONFIG, 5) == bytes([GPIO_CONFIG, 0b100, 0, 0, 0])
    assert host.set(bytes([GPIO_SET, 0b110, 0b100])) == 0
    assert (gpio.output(2), gpio.output(1)) == (True, False)
    assert host.get(GPIO_GET, 2)[1] == 0b100


def test_what_it_has_not_stalls(host: Host) -> None:
    assert host.control(0xA1, GET_REPORT, FEATURE | 0x77, 64)[0] == STALLED
    assert host.set(bytes([0x77, 0])) == STALLED
    assert host.get(VERSION, 3)[0] == VERSION
