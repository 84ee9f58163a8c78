"""Delays between attempts."""

import random


class Backoff:
    """Full jitter: each delay is uniform between 0 and a ceiling that doubles up to longest_s."""

    def __init__(self, rng: random.Random, first_s: float = 0.2, longest_s: float = 10.0) -> None:
        self._rng = rng
        self._first_s = first_s
        self._longest_s = longest_s
        self._failures = 0

    def next_s(self) -> float:
        """Seconds to wait before the next attempt."""
        ceiling_s = min(self._longest_s, self._first_s * float(1 << min(self._failures, 16)))
        self._failures += 1
        return self._rng.uniform(0, ceiling_s)

    def reset(self) -> None:
        """An attempt succeeded."""
        self._failures = 0
