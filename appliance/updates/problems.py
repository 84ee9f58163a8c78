"""Why an update is not installed, each with what to do. The running slot is untouched in every case."""

from errno import EDQUOT, ENOSPC

from appliance.core.errors import ProblemError

_AGAIN = "Get the file again from where it came from, and compare its size and SHA-256 with those given there."


def no_bundle() -> ProblemError:
    """Something else than an update."""
    return ProblemError(
        "not-a-bundle",
        "The file is no Gatehouse update",
        remedy="Choose a file whose name ends in .raucb.",
        status=422,
    )


def truncated() -> ProblemError:
    """Part of it is missing."""
    return ProblemError("bundle-truncated", "The update is incomplete: its end is missing", remedy=_AGAIN, status=422)


def tampered(detail: str | None = None) -> ProblemError:
    """Its content is not what was signed."""
    return ProblemError(
        "bundle-tampered",
        "The update was changed after it was signed, or was damaged on the way",
        remedy=f"{_AGAIN} If it is the same, do not trust where it came from.",
        status=422,
        detail=detail,
    )


def unsigned() -> ProblemError:
    """No signature at all."""
    return ProblemError(
        "bundle-unsigned",
        "The update is not signed",
        remedy="Install only updates that were released for this appliance.",
        status=422,
    )


def foreign(detail: str | None = None) -> ProblemError:
    """Signed by somebody else."""
    return ProblemError(
        "bundle-foreign",
        "The update is signed by somebody this appliance does not trust",
        remedy="Install an update of the same maker as the appliance; a development update needs a development image.",
        status=422,
        detail=detail,
    )


def wrong_device(found: str, expected: str) -> ProblemError:
    """For another kind of appliance."""
    return ProblemError(
        "bundle-wrong-device",
        f"The update is for {found[:60]}, and this is a {expected}",
        remedy=f"Get the update whose name ends in {expected.removeprefix('gatehouse-')}.raucb.",
        status=422,
    )


def downgrade(version: str, floor: str) -> ProblemError:
    """Older than the floor."""
    return ProblemError(
        "bundle-downgrade",
        f"Version {version} is older than {floor}, the oldest that may be installed here",
        remedy=f"Install {floor} or a newer one. Older ones have known faults, or would not understand what is stored.",
        status=422,
    )


def no_version(version: str) -> ProblemError:
    """Its version is not to be understood."""
    return ProblemError(
        "bundle-version",
        f"The update calls itself version {version[:40]!r}",
        remedy="Get an update whose version has the form 1.2.3.",
        status=422,
    )


def on_trial() -> ProblemError:
    """The other slot is still needed."""
    return ProblemError(
        "running-on-trial",
        "The version that runs is on trial, and the other one is what the appliance would return to",
        remedy="Wait until the appliance is healthy (a few minutes after its start), then try again.",
        status=409,
    )


def no_room(needed_bytes: int, free_bytes: int) -> ProblemError:
    """It does not fit on the data partition."""
    return ProblemError(
        "no-room",
        f"The update needs {needed_bytes // 1_000_000} MB on the data partition; {free_bytes // 1_000_000} MB are free",
        remedy="Delete what is not needed, or keep recordings for a shorter time, and try again.",
        status=507,
    )


def not_written(error: OSError) -> ProblemError:
    """The data partition refuses, mostly because it is full."""
    if error.errno not in (ENOSPC, EDQUOT):
        return not_installed(f"{error.strerror}: {error.filename or 'the data partition'}")
    return ProblemError(
        "no-room",
        "The data partition is full",
        remedy="Delete what is not needed, or keep recordings for a shorter time, and try again.",
        status=507,
    )


def too_large(most_bytes: int) -> ProblemError:
    """Larger than any update can be."""
    return ProblemError(
        "bundle-too-large",
        f"The file is larger than {most_bytes // 1_000_000} MB, which no update is",
        remedy="Choose a file whose name ends in .raucb.",
        status=413,
    )


def interrupted() -> ProblemError:
    """The unit or the machine ended in between."""
    return ProblemError(
        "update-interrupted",
        "The update was interrupted before it was complete",
        remedy="Start it again; nothing of what runs was changed.",
        status=503,
    )


def not_installed(detail: str) -> ProblemError:
    """RAUC failed for a reason of its own."""
    return ProblemError(
        "not-installed",
        "The update could not be written",
        remedy="Try again. If it fails again, make a support bundle and report it with its detail.",
        status=500,
        detail=detail[:500],
    )


def returned(version: str, running: str) -> ProblemError:
    """It was started, and did not become healthy."""
    return ProblemError(
        "update-not-healthy",
        f"Version {version} was started and did not become healthy; the appliance returned to {running}",
        remedy="Make a support bundle and report it. Until then keep this version.",
        status=500,
    )


def busy() -> ProblemError:
    """One at a time."""
    return ProblemError(
        "update-busy",
        "Another update is being worked on",
        remedy="Wait until it is done, or cancel it.",
        status=409,
    )


def restart_first(version: str | None) -> ProblemError:
    """Another one waits to be started."""
    return ProblemError(
        "restart-needed",
        f"Version {version or 'installed before'} waits for a restart",
        remedy="Restart the machine first.",
        status=409,
    )


def not_here() -> ProblemError:
    """No slots on this machine."""
    return ProblemError(
        "not-an-appliance",
        "This runs from a source tree: there are no system slots to install an update into",
        remedy="Update the source tree, or flash an image on an appliance.",
        status=409,
    )


def not_cancellable() -> ProblemError:
    """It is being written, or nothing is done."""
    return ProblemError(
        "not-cancellable",
        "There is nothing that can be cancelled now",
        remedy="An update that is being written is soon done; without a restart it changes nothing.",
        status=409,
    )


def no_source() -> ProblemError:
    """Nowhere to look."""
    return ProblemError("no-update-source", "No source of updates is set", remedy="Set its address first.", status=409)


def nothing_offered() -> ProblemError:
    """The source has nothing newer."""
    return ProblemError(
        "nothing-offered",
        "The source offers no version newer than the one that runs",
        remedy="Look for updates first; there may be none.",
        status=409,
    )


def source_unreachable(what: str, detail: str | None = None) -> ProblemError:
    """The server, its name, its certificate, or the way there."""
    return ProblemError(
        "source-unreachable",
        f"The source of updates does not answer: {what}",
        remedy="Check its address, the network settings, and the certificate of the server.",
        status=502,
        detail=detail,
    )


def source_malformed(detail: str) -> ProblemError:
    """The index is none."""
    return ProblemError(
        "source-malformed",
        "What lies at the source's address is no index of updates",
        remedy="Check the address; docs/guide/updating.md shows what an index looks like.",
        status=502,
        detail=detail[:200],
    )


def bad_url(why: str) -> ProblemError:
    """An address that is not taken."""
    return ProblemError(
        "bad-source",
        f"The address of the source {why}",
        remedy="Enter an address such as https://updates.example/gatehouse/.",
        field="url",
    )
