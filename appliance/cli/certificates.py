"""certificates show, rotate."""

import argparse
from typing import Any

from cryptography import x509

from appliance.cli.output import confirmed, print_fields, print_json
from appliance.cli.service import restart_api
from appliance.condition.control import Control
from appliance.condition.ownership import as_owner
from appliance.condition.reading import fingerprint_of
from appliance.core.errors import ProblemError
from appliance.core.paths import Paths
from appliance.security.certificates import ServerFiles


def show(given: argparse.Namespace) -> int:
    """The server's certificate, and the authority's fingerprint."""
    told = _told(ServerFiles.below(Paths.from_environment().tls))
    if given.json:
        print_json(told)
    else:
        fields = [(name.replace("_", " ").capitalize(), value) for name, value in told.items()]
        print_fields([(name, ", ".join(value) if isinstance(value, list) else value) for name, value in fields])
    return 0


def rotate(given: argparse.Namespace) -> int:
    """Browsers that trust the authority trust the new one too; whoever compares fingerprints has to compare again."""
    paths, control = Paths.from_environment(), Control.from_environment()
    confirmed("Make a new server certificate? Its fingerprint changes.", yes=given.yes)
    if control.is_there:
        control.ask("renew-certificate")
    else:
        _rotate_bench(paths)
    print("There is a new certificate, or will be in a moment: see `gatehouse certificates show`.")
    return 0


def _rotate_bench(paths: Paths) -> None:
    """The api unit makes what is missing when it starts."""
    files = ServerFiles.below(paths.tls)
    with as_owner(paths.tls):
        for file in (files.key, files.certificate):
            file.unlink(missing_ok=True)
    restart_api(paths)


def _told(files: ServerFiles) -> dict[str, Any]:
    try:
        found = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except FileNotFoundError:
        raise _none() from None
    except (ValueError, x509.ExtensionNotFound):
        raise ProblemError(
            "certificate-unreadable", "The certificate cannot be read", remedy="Run `gatehouse certificates rotate`."
        ) from None
    return {
        "fingerprint": fingerprint_of(files.certificate),
        "authority": fingerprint_of(files.ca),
        "not_before": f"{found.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
        "not_after": f"{found.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
        "names": sorted(str(name.value) for name in names),
    }


def _none() -> ProblemError:
    return ProblemError(
        "no-certificate", "There is no certificate yet", remedy="Start the appliance: its api unit makes one."
    )
