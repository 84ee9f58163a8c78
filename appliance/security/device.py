"""Marks of devices that have signed in before, so that somebody guessing cannot lock a person out of their own device.

A sign-in that brings the mark of its user is throttled by the mark, others by their network address: who guesses from
the same network makes only strangers wait.
"""

import hashlib
import hmac
import secrets

MARK_BYTES = 16


class DeviceMarks:
    """Marks are MACs of a random part and the user's name: nothing is stored of them but the key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, username: str) -> str:
        """A new mark for a device of this user."""
        part = secrets.token_hex(MARK_BYTES)
        return f"{part}.{self._mac(part, username)}"

    def belongs(self, mark: str, username: str) -> bool:
        """Whether this user has signed in on the device that carries the mark."""
        part, _, mac = mark.partition(".")
        return hmac.compare_digest(mac.encode(errors="replace"), self._mac(part, username).encode())

    def _mac(self, part: str, username: str) -> str:
        message = f"{part}\0{username.casefold()}".encode(errors="replace")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()
