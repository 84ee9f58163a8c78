"""`python -m bench [GROUP]`: run the benches and write bench/results.json."""

import sys
from importlib import import_module

from bench.results import merge, show

GROUPS = ("media", "live", "ingest", "image")


def main() -> int:
    """Run one group or all; the exit status does not judge the figures."""
    wanted = sys.argv[1:] or list(GROUPS)
    unknown = [name for name in wanted if name not in GROUPS]
    if unknown:
        print(f"unknown bench group {unknown[0]!r}; there are: {', '.join(GROUPS)}", file=sys.stderr)
        return 2
    for group in wanted:
        try:
            figures = import_module(f"bench.{group}").run()
        except LookupError as missing:  # a group that measures what is built apart
            print(f"\n{group}: left out, {missing}", file=sys.stderr)
            continue
        merge(figures)
        print(f"\n{group}\n\n{show(figures)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
