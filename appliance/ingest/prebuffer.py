"""The prebuffer: the newest fragments, kept in memory so that a recording can begin before its cause."""

from collections import deque

from appliance.recordings.model import Fragment

MAX_BYTES = 64 * 1024 * 1024


class Prebuffer:
    """A bounded queue of fragments that reach at least `seconds_us` back from the newest one.

    A memory bound comes first: with an extreme bit rate the prebuffer gets shorter rather than the box fuller.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._fragments: deque[Fragment] = deque()
        self._bytes = 0
        self._max_bytes = max_bytes

    def push(self, fragment: Fragment, keep_us: int) -> None:
        """Add the newest fragment; forget whole GOPs that the last keep_us do not need."""
        self._fragments.append(fragment)
        self._bytes += fragment_bytes(fragment)
        horizon_us = fragment.end_us - keep_us
        needed = max((i for i, f in enumerate(self._fragments) if f.key and f.start_us <= horizon_us), default=0)
        for _ in range(needed):
            self._forget_oldest()
        while self._bytes > self._max_bytes or (self._fragments and not self._fragments[0].key):
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        self._bytes -= fragment_bytes(self._fragments.popleft())

    def take(self, from_us: int) -> list[Fragment]:
        """Empty the buffer; return the fragments from the last key fragment that starts at or before from_us."""
        fragments = list(self._fragments)
        self.clear()
        first = next((i for i, f in enumerate(fragments) if f.end_us > from_us), len(fragments))
        while 0 < first < len(fragments) and not fragments[first].key:
            first -= 1
        return fragments[first:]

    def clear(self) -> None:
        """Forget everything."""
        self._fragments.clear()
        self._bytes = 0

    @property
    def size_bytes(self) -> int:
        """Media bytes held."""
        return self._bytes


def fragment_bytes(fragment: Fragment) -> int:
    """Media bytes of a fragment."""
    return sum(len(u.data) for u in fragment.video) + sum(len(u.data) for u in fragment.audio)
