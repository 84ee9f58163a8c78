"""The TLS side of the server: 1.2 or newer, with the appliance's own certificate, renewed while it runs."""

import asyncio
import logging
import ssl
from pathlib import Path

from appliance.core.clock import Clock
from appliance.security.certificates import ServerFiles, ensure_certificates, own_names

log = logging.getLogger(__name__)

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"  # of TLS 1.2; those of 1.3 are all good
LOOK_EVERY_S = 15  # a machine that has just been given its address is to be reached there without a warning


def server_context(folder: Path, clock: Clock) -> ssl.SSLContext:
    """A context with a good certificate, which is made if need be; raises OSError where there is none to be had."""
    _renewed(folder, clock)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    _load(context, folder)
    return context


async def keep_renewed(context: ssl.SSLContext, folder: Path, clock: Clock) -> None:
    """Renew near expiry or when addresses change; new connections get what lies there, whoever made it."""
    loaded = _made(folder)
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        await asyncio.to_thread(_renewed, folder, clock)
        if (made := _made(folder)) != loaded:
            loaded = made
            _load(context, folder)


def _made(folder: Path) -> int:
    """When the certificate was; 0 where there is none."""
    try:
        return ServerFiles.below(folder).certificate.stat().st_mtime_ns
    except OSError:
        return 0


def _renewed(folder: Path, clock: Clock) -> bool:
    """Whether there is a new certificate. Where the disk takes none, the one of before still serves for a while."""
    try:
        return ensure_certificates(folder, own_names(), clock)
    except OSError as error:
        log.error("no new server certificate can be written: %s", error.strerror)
        return False


def _load(context: ssl.SSLContext, folder: Path) -> None:
    files = ServerFiles.below(folder)
    context.load_cert_chain(files.certificate, files.key)
