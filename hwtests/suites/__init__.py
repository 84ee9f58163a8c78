"""The long runs: `make hwtest`. Their short forms are part of the tests."""
