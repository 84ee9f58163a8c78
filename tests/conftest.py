"""For every test: hypothesis measures behaviour, never time; a busy machine fails no test."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from hwtests.scheduling import take_ordinary_turns

settings.register_profile("gatehouse", deadline=None)
settings.load_profile("gatehouse")


@pytest.fixture(autouse=True)
def ordinary_turns() -> Iterator[None]:
    """A test that encoded AV1 leaves no real-time thread behind for the processes of the next one to inherit."""
    yield
    if os.sched_getscheduler(0) != os.SCHED_OTHER:
        take_ordinary_turns()
