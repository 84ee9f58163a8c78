"""A Silicon Labs CP2112 on the emulated recorder's USB: eight GPIO lines of a real kernel driver, moved from here.

Speaks the protocol of QEMU's usb-redir (usbredirproto 0.7) as the side that has the device, over a unix socket. Of the
device there is what Linux's hid-cp2112 asks for (Silicon Labs AN495): its version, its SMBus settings, its GPIO lines.
"""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

LINES = 8
VENDOR, PRODUCT = 0x10C4, 0xEA90
FULL_SPEED = 1
HID_CLASS = 3
INTERRUPT, CONTROL, INVALID = 3, 0, 255

HELLO, CONNECT, INTERFACES, ENDPOINTS = 0, 1, 4, 5
SET_CONFIGURATION, GET_CONFIGURATION, CONFIGURATION_STATUS = 6, 7, 8
SET_ALTERNATE, GET_ALTERNATE, ALTERNATE_STATUS = 9, 10, 11
START_INTERRUPT, STOP_INTERRUPT, INTERRUPT_STATUS = 15, 16, 17
CONTROL_PACKET, INTERRUPT_PACKET = 100, 103
STALLED = 4

_HEAD = struct.Struct("<III")  # type, length, id
_CONTROL = struct.Struct("<BBBBHHH")  # endpoint, request, request type, status, value, index, length
_INTERRUPT = struct.Struct("<BBH")  # endpoint, status, length

# Reports by their numbers, of 64 bytes as the device's are.
_REPORT = bytes.fromhex("0600ff 0901 a101 1500 26ff00 7508 953f 8510 0902 8102 8514 0903 9102 c0")
_DEVICE = struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0, 0, 0, 64, VENDOR, PRODUCT, 0x0100, 0, 0, 0, 1)
_HID = struct.pack("<BBHBBBH", 9, 0x21, 0x0111, 0, 1, 0x22, len(_REPORT))
_ENDPOINT_IN = struct.pack("<BBBBHB", 7, 5, 0x81, INTERRUPT, 64, 1)
_ENDPOINT_OUT = struct.pack("<BBBBHB", 7, 5, 0x01, INTERRUPT, 64, 1)
_INTERFACE = struct.pack("<BBBBBBBBB", 9, 4, 0, 0, 2, HID_CLASS, 0, 0, 0)
_PARTS = _INTERFACE + _HID + _ENDPOINT_IN + _ENDPOINT_OUT
_CONFIGURATION = struct.pack("<BBHBBBBB", 9, 2, 9 + len(_PARTS), 1, 1, 0, 0x80, 50) + _PARTS
_DESCRIPTORS = {0x01: _DEVICE, 0x02: _CONFIGURATION, 0x21: _HID, 0x22: _REPORT}

GPIO_CONFIG, GPIO_GET, GPIO_SET, VERSION, SMBUS = 0x02, 0x03, 0x04, 0x05, 0x06
GET_DESCRIPTOR, GET_REPORT, SET_REPORT = 6, 1, 9
DEVICE_TO_HOST = 0x80


class Gpio:
    """The lines: inputs are set from here, outputs by the recorder. Bit n is line n."""

    def __init__(self) -> None:
        self._directions = 0  # 1: output
        self._inputs = 0
        self._outputs = 0
        self._smbus = bytes(13)
        self._lock = threading.Lock()

    def set_input(self, line: int, active: bool) -> None:
        """What the recorder reads from a line that is an input."""
        with self._lock:
            self._inputs = self._inputs & ~(1 << line) | (active << line)

    def output(self, line: int) -> bool:
        """What the recorder last made of a line."""
        with self._lock:
            return bool(self._outputs & self._directions & 1 << line)

    def get_report(self, number: int) -> bytes | None:
        """A feature report as the device gives it; None for one that it has not."""
        with self._lock:
            value = self._inputs & ~self._directions | self._outputs & self._directions
            reports = {
                GPIO_CONFIG: bytes([self._directions, 0, 0, 0]),
                GPIO_GET: bytes([value]),
                VERSION: bytes([0x0C, 0x03]),
                SMBUS: self._smbus,
            }
        return bytes([number]) + reports[number] if number in reports else None

    def set_report(self, report: bytes) -> bool:
        """A feature report from the recorder; False for one that the device does not take."""
        number = report[0] if report else -1
        with self._lock:
            if number == GPIO_CONFIG and len(report) >= 2:
                self._directions = report[1]
            elif number == GPIO_SET and len(report) >= 3:
                self._outputs = self._outputs & ~report[2] | report[1] & report[2]
            elif number == SMBUS:
                self._smbus = report[1:14].ljust(13, b"\0")
            else:
                return False
        return True


class UsbGpio:
    """The device on its socket; answers in a thread of its own until the socket ends."""

    def __init__(self, connection: socket.socket, gpio: Gpio) -> None:
        self.gpio = gpio
        self._connection = connection
        self._thread = threading.Thread(target=self._serve, name="usb-gpio", daemon=True)

    @classmethod
    def plug(cls, path: Path, gpio: Gpio) -> Self:
        """Connect to where QEMU listens, and be there; raises OSError."""
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(path))
        device = cls(connection, gpio)
        device._thread.start()
        return device

    def unplug(self) -> None:
        """Harmless twice."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._connection.close()

    def _serve(self) -> None:
        with suppress(OSError, ConnectionError):
            self._send(HELLO, 0, b"gatehouse rig".ljust(64, b"\0"))  # no capabilities: the shortest forms of everything
            for kind, content in _presence():
                self._send(kind, 0, content)
            while True:
                kind, length, number = _HEAD.unpack(self._read(_HEAD.size))
                self._answer(kind, number, self._read(length))

    def _answer(self, kind: int, number: int, content: bytes) -> None:
        answers: dict[int, Callable[[], tuple[int, bytes]]] = {
            SET_CONFIGURATION: lambda: (CONFIGURATION_STATUS, bytes([0, content[0]])),
            GET_CONFIGURATION: lambda: (CONFIGURATION_STATUS, bytes([0, 1])),
            SET_ALTERNATE: lambda: (ALTERNATE_STATUS, bytes([0, *content[:2]])),
            GET_ALTERNATE: lambda: (ALTERNATE_STATUS, bytes([0, content[0], 0])),
            START_INTERRUPT: lambda: (INTERRUPT_STATUS, bytes([0, content[0]])),
            STOP_INTERRUPT: lambda: (INTERRUPT_STATUS, bytes([0, content[0]])),
            CONTROL_PACKET: lambda: (CONTROL_PACKET, self._control(content)),
            INTERRUPT_PACKET: lambda: (INTERRUPT_PACKET, content[: _INTERRUPT.size]),
        }
        if kind in answers:
            answer, body = answers[kind]()
            self._send(answer, number, body)

    def _control(self, content: bytes) -> bytes:
        endpoint, request, request_type, _, value, index, length = _CONTROL.unpack_from(content)
        data: bytes | None
        if request_type & DEVICE_TO_HOST:
            data = self._given(request, value)
            data = None if data is None else data[:length]
        else:
            taken = request != SET_REPORT or self.gpio.set_report(content[_CONTROL.size :])
            data = b"" if taken else None
        sent = len(data or b"") if request_type & DEVICE_TO_HOST else length
        status = STALLED if data is None else 0
        return _CONTROL.pack(endpoint, request, request_type, status, value, index, sent) + (data or b"")

    def _given(self, request: int, value: int) -> bytes | None:
        if request == GET_DESCRIPTOR:
            return _DESCRIPTORS.get(value >> 8)
        return self.gpio.get_report(value & 0xFF) if request == GET_REPORT else None

    def _send(self, kind: int, number: int, content: bytes) -> None:
        self._connection.sendall(_HEAD.pack(kind, len(content), number) + content)

    def _read(self, size: int) -> bytes:
        content = b""
        while len(content) < size:
            piece = self._connection.recv(size - len(content))
            if not piece:
                raise ConnectionError("QEMU is gone")
            content += piece
        return content


def _presence() -> list[tuple[int, bytes]]:
    """What usb-redir is told of a device: its interface, its endpoints, then that it is there."""
    interfaces = struct.pack("<I", 1) + b"".join(bytes([first]).ljust(32, b"\0") for first in (0, HID_CLASS, 0, 0))
    kinds, intervals = bytearray([INVALID] * 32), bytearray(32)
    kinds[0] = kinds[16] = CONTROL
    for endpoint in (0x01, 0x81):
        place = (endpoint & 0x80) >> 3 | endpoint & 0x0F
        kinds[place], intervals[place] = INTERRUPT, 1
    connect = struct.pack("<BBBBHH", FULL_SPEED, 0, 0, 0, VENDOR, PRODUCT)
    return [(INTERFACES, interfaces), (ENDPOINTS, bytes(kinds + intervals + bytes(32))), (CONNECT, connect)]
