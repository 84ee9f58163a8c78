"""Benches: speed and memory against a named peer in the same run, as medians. `make bench [BENCH=group]`."""
