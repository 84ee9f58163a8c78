"""audit verify."""

import argparse

import apsw
import msgspec

from appliance.cli.output import print_fields, print_json
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths
from appliance.db.sqlite import open_reader
from appliance.security.audit import AuditCheck, check_chain

DONE, NOT_WELL = 0, 5


def verify(given: argparse.Namespace) -> int:
    """Walk the chain as it lies there, also while the api unit writes; 5 where it is broken."""
    found = _checked(Paths.from_environment())
    if given.json:
        print_json(msgspec.to_builtins(found))
    else:
        verdict = (
            "as it was written" if found.intact else f"changed: entry {found.first_fault} is not as it was written"
        )
        print_fields([("Audit log", verdict), ("Entries", str(found.entries)), ("Head", found.head)])
    return DONE if found.intact else NOT_WELL


def _checked(paths: Paths) -> AuditCheck:
    file = paths.state / "api" / "audit.db"
    if not file.exists():
        raise ProblemError("no-audit-log", "There is no audit log yet", remedy="It begins when the appliance starts.")
    try:
        db = open_reader(file)
        try:
            return check_chain(db)
        finally:
            db.close()
    except apsw.Error as error:
        raise ProblemError(
            "audit-unreadable",
            "The audit log cannot be read",
            remedy="Run the command as root; if it stays so, the file is damaged: restore a backup.",
            detail=str(error),
        ) from None
