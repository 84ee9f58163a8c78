"""Settings that come from the environment (docs/guide/installing.md)."""

import os

from appliance.core.errors import ProblemError

SHARDS_VARIABLE = "GATEHOUSE_INGEST_SHARDS"
DEFAULT_SHARDS = 2
MOST_SHARDS = 64


def ingest_shards() -> int:
    """How many ingest processes share the cameras; raises ProblemError for what is no such number."""
    text = os.environ.get(SHARDS_VARIABLE) or str(DEFAULT_SHARDS)
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_SHARDS:
        return int(text)
    raise ProblemError(
        "bad-setting",
        f"{SHARDS_VARIABLE} is {text[:40]!r}",
        remedy=f"Set it to a number from 1 to {MOST_SHARDS}, or leave it out.",
        field=SHARDS_VARIABLE,
    )
