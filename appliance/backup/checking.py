"""Whether what a backup holds can be put in place: before anything of what is there now is touched."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from appliance.backup.model import damaged_backup
from appliance.backup.rooms import DATABASES, Database, checked
from appliance.core.config import Revision, read_table
from appliance.core.errors import ProblemError
from appliance.db.sqlite import open_reader
from appliance.security.roles import Role

ADMINISTRATORS = "SELECT count(*) FROM user WHERE role = ?"


@dataclass(frozen=True, slots=True)
class Models:
    """What the records of the configuration's tables are; tables that are not named are only read as tables."""

    tables: Mapping[str, Any]


def check_folder(folder: Path, models: Models) -> None:
    """Raise ProblemError for what this version could not start with. folder: as the state folder is."""
    for file in sorted((folder / "config").glob("*.json")):
        _check_table(file, models.tables.get(file.stem))
    for file in sorted((folder / "config" / "revisions").glob("*/*.json")):
        _check_revision(file)
    for database in DATABASES:
        _check_database(database, folder / database.name)
    _check_administrator(folder / DATABASES[0].name)
    _check_authority(folder / "tls")


def _check_table(file: Path, model: Any) -> None:
    content = read_table(file)
    try:
        for record in content.records.values():
            msgspec.convert(record, model or dict[str, Any])
    except msgspec.ValidationError as error:
        raise damaged_backup(f"{file.name}: {error}") from None


def _check_revision(file: Path) -> None:
    try:
        msgspec.json.decode(file.read_bytes(), type=Revision)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise damaged_backup(f"revision {file.stem}: {error}") from None


def _check_database(database: Database, file: Path) -> None:
    if not file.exists():
        raise damaged_backup(f"{database.name} is missing")
    if (fault := checked(file)) is not None:
        raise damaged_backup(f"{database.name}: {fault}")
    if int(_value(file, "PRAGMA user_version")) > database.migrations:
        raise ProblemError(
            "backup-too-new",
            f"{file.name} in this backup was written by a newer version",
            remedy="Update this appliance first, then restore it.",
        )


def _check_administrator(file: Path) -> None:
    if not int(_value(file, ADMINISTRATORS, Role.ADMINISTRATOR.value)):
        raise ProblemError(
            "backup-without-administrator",
            "There is no administrator in this backup",
            remedy="Take a newer one; to begin anew, reset the appliance instead.",
        )


def _check_authority(folder: Path) -> None:
    """A server certificate is made anew where it does not fit; an authority that clients trust cannot be."""
    certificate, key = folder / "ca.pem", folder / "ca.key"
    if not certificate.exists() and not key.exists():
        return
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        private = serialization.load_pem_private_key(key.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise damaged_backup(f"its certificate authority cannot be read: {type(error).__name__}") from None
    if private.public_key() != found.public_key():
        raise damaged_backup("its certificate authority and its key do not belong together")


def _value(file: Path, query: str, *values: str) -> Any:
    try:
        db = open_reader(file)
        try:
            return next(iter(db.execute(query, values)))[0]
        finally:
            db.close()
    except apsw.Error as error:
        raise damaged_backup(f"{file.name}: {error}") from None
