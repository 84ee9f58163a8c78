"""`gatehouse`, which is `python -m appliance.cli`: carry out one command."""

import sys
from collections.abc import Sequence
from importlib import import_module

from appliance.cli.parser import Handler, build_parser
from appliance.core.errors import ProblemError

PROBLEM, NOT_HERE, NOT_ALLOWED = 1, 3, 4
_INTERRUPTED = 130
_STATUS_OF = {"no-control": NOT_HERE, "not-here": NOT_HERE, "not-allowed": NOT_ALLOWED}


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status, as the help says."""
    given = build_parser().parse_args(arguments)
    handler: Handler = given.handler
    try:
        module = import_module(f"appliance.cli.{handler.module}")
        return int(getattr(module, handler.function)(given))
    except ProblemError as problem:
        _print_problem(problem)
        return _STATUS_OF.get(problem.code, PROBLEM)
    except PermissionError as error:
        print(f"gatehouse: {error.filename} is not for this user. Run the command as root.", file=sys.stderr)
        return NOT_ALLOWED
    except OSError as error:
        print(f"gatehouse: {error.filename or 'the system'}: {error.strerror}.", file=sys.stderr)
        return PROBLEM
    except KeyboardInterrupt:
        return _INTERRUPTED


def _print_problem(problem: ProblemError) -> None:
    detail = f" ({problem.detail})" if problem.detail else ""
    print(f"gatehouse: {problem.title}{detail}. {problem.remedy}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
