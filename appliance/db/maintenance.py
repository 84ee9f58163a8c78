"""Keeps a database in shape while it is used: gives back what was deleted, and looks whether it is whole."""

import logging
from typing import Any

import apsw

log = logging.getLogger(__name__)

_INCREMENTAL = 2  # of PRAGMA auto_vacuum


def maintain(db: apsw.Connection, name: str) -> bool:
    """Run by the file's one writer, outside of a transaction; returns whether the database is whole, and logs if not.

    Raises apsw.Error where the disk refuses. A file of before auto_vacuum is rebuilt, once.
    """
    if (fault := str(_value(db, "PRAGMA quick_check(1)"))) != "ok":
        log.error("%s is damaged: %s. Restore the newest backup that is whole.", name, fault)
        return False
    if _value(db, "PRAGMA auto_vacuum") != _INCREMENTAL:
        db.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
        db.execute("VACUUM")
    for pragma in ("incremental_vacuum", "optimize", "wal_checkpoint(TRUNCATE)"):
        list(db.execute(f"PRAGMA {pragma}"))
    return True


def _value(db: apsw.Connection, query: str) -> Any:
    return next(iter(db.execute(query)))[0]
