"""The data partition outlives the version that made its files, so the numbers of their owners must too."""

from pathlib import Path

SYSUSERS = Path(__file__).parents[2] / "systemd/gatehouse.sysusers"
# What was shipped. A new user takes a new number; none of these may ever change or be used again.
SHIPPED = {
    "gatehouse": 700,
    "gatehouse-control": 701,
    "gatehouse-bus": 702,
    "gatehouse-ingest": 703,
    "gatehouse-api": 704,
    "gatehouse-updates": 705,
    "gatehouse-console": 706,
}


def test_users_keep_the_numbers_that_were_shipped_and_no_number_is_given_twice() -> None:
    lines = [line.split() for line in SYSUSERS.read_text().splitlines() if line[:2] in ("u ", "g ")]
    numbers = {words[1]: int(words[2]) for words in lines}
    assert {name: numbers.get(name) for name in SHIPPED} == SHIPPED
    assert len(set(numbers.values())) == len(numbers)
