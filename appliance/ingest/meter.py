"""How fast a stream runs: frames per second and kbit/s over a short window."""

from appliance.core.clock import US_PER_S, Clock


class RateMeter:
    """Counts units and bytes; `read` gives the rates since the last reading and starts a new window."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since_us = clock.monotonic_us()
        self._units = 0
        self._bytes = 0
        self._last = (0.0, 0)

    def count(self, size_bytes: int) -> None:
        """One unit of size_bytes arrived."""
        self._units += 1
        self._bytes += size_bytes

    def read(self) -> tuple[float, int]:
        """(units per second, kbit/s); windows shorter than a second repeat the last reading."""
        elapsed_us = self._clock.monotonic_us() - self._since_us
        if elapsed_us >= US_PER_S:
            seconds = elapsed_us / US_PER_S
            self._last = (round(self._units / seconds, 1), round(self._bytes * 8 / 1000 / seconds))
            self._since_us += elapsed_us
            self._units = self._bytes = 0
        return self._last
