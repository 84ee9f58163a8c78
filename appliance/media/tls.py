"""TLS towards cameras."""

import ssl
from functools import cache


@cache
def tls_context(*, verify: bool) -> ssl.SSLContext:
    """TLS 1.2 at least; without verification anybody in between may read and change the stream."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
