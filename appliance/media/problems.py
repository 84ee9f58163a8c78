"""What can be wrong with a source, each with its cause and its remedy. No text here ever holds an address."""

import socket
import ssl

from appliance.core.errors import ProblemError

_URL, _PASSWORD, _USERNAME = "source.url", "source.password", "source.username"


def connect_problem(error: OSError) -> ProblemError:
    """Why no connection came about."""
    if isinstance(error, socket.gaierror):
        return ProblemError(
            "host-unknown",
            "The camera's host name is not known",
            remedy="Check the spelling of the address, or use the camera's IP address.",
            status=502,
            field=_URL,
        )
    if isinstance(error, ssl.SSLCertVerificationError):
        return ProblemError(
            "certificate-not-trusted",
            "The camera's certificate is not trusted",
            remedy="Install a certificate of a known authority in the camera, or switch off certificate checks for it.",
            status=502,
            field="source.verify_tls",
            detail=error.verify_message or None,
        )
    if isinstance(error, (ssl.SSLError, ConnectionAbortedError)):  # the latter: the handshake did not come to an end
        return ProblemError(
            "tls-failed",
            "No encrypted connection came about",
            remedy="Check that the port is the camera's port for RTSPS or HTTPS; its firmware must know TLS 1.2.",
            status=502,
            field=_URL,
            detail=getattr(error, "reason", None),
        )
    if isinstance(error, ConnectionRefusedError):
        return ProblemError(
            "connection-refused",
            "The camera refuses connections at this port",
            remedy="Check the port of the address, and that the camera's RTSP or web server is switched on.",
            status=502,
            field=_URL,
        )
    if isinstance(error, ConnectionError):
        return connection_lost()
    return unreachable()


def unreachable() -> ProblemError:
    """Nobody answers at that address."""
    return ProblemError(
        "camera-unreachable",
        "The camera does not answer",
        remedy="Check the camera's power and network, and its address.",
        status=504,
        field=_URL,
    )


def connection_lost() -> ProblemError:
    """The connection broke."""
    return ProblemError(
        "connection-lost",
        "The connection to the camera broke",
        remedy="Nothing to do if it comes back by itself; else check the camera's power and network.",
        status=502,
    )


def closed_early() -> ProblemError:
    """The camera hung up before it sent anything."""
    return ProblemError(
        "camera-closed",
        "The camera closed the connection before it sent pictures",
        remedy="Check the number of viewers the camera allows; restart it if it stays so.",
        status=502,
    )


def unresponsive() -> ProblemError:
    """Connected, and no answer to a request."""
    return ProblemError(
        "camera-unresponsive",
        "The camera took the connection and does not answer",
        remedy="Check that the port is the camera's RTSP or web port; restart the camera if it is.",
        status=504,
        field=_URL,
    )


def silent(seconds: float) -> ProblemError:
    """Connected, and no pictures."""
    return ProblemError(
        "camera-silent",
        f"The camera has sent nothing for {seconds:.0f} seconds",
        remedy="Nothing to do if it comes back by itself; else restart the camera or check its stream profile.",
        status=504,
    )


def no_picture() -> ProblemError:
    """Packets, but nothing that a decoder could start with."""
    return ProblemError(
        "no-picture",
        "The camera sends data, but no whole key picture among them",
        remedy="Set a shorter key frame interval (GOP) in the camera; check the network for lost packets.",
        status=504,
    )


def wrong_password() -> ProblemError:
    """The credentials were refused."""
    return ProblemError(
        "wrong-password",
        "The camera does not accept this user name and password",
        remedy="Enter the user name and password of an account in the camera that may view its stream.",
        status=502,
        field=_PASSWORD,
    )


def password_needed() -> ProblemError:
    """Credentials are asked for and there are none."""
    return ProblemError(
        "password-needed",
        "The camera asks for a user name and a password",
        remedy="Enter the user name and password of an account in the camera that may view its stream.",
        status=502,
        field=_USERNAME,
    )


def unknown_authentication() -> ProblemError:
    """A scheme we do not speak."""
    return ProblemError(
        "unknown-authentication",
        "The camera asks for a kind of authentication that is not known here",
        remedy="Allow Digest or Basic authentication in the camera.",
        status=502,
        field=_PASSWORD,
    )


def forbidden() -> ProblemError:
    """The account may not."""
    return ProblemError(
        "not-allowed",
        "This account of the camera may not view the stream",
        remedy="Give the account the right to view in the camera, or use another account.",
        status=502,
        field=_USERNAME,
    )


def no_such_stream() -> ProblemError:
    """404."""
    return ProblemError(
        "no-such-stream",
        "The camera has no stream at this path",
        remedy="Check the path of the address; the camera's manual names it.",
        status=502,
        field=_URL,
    )


def busy() -> ProblemError:
    """453 or 503."""
    return ProblemError(
        "camera-busy",
        "The camera can serve no further viewer",
        remedy="Close other viewers of the camera, or choose a smaller stream profile.",
        status=503,
    )


def refused(status: int) -> ProblemError:
    """Any other status."""
    return ProblemError(
        "camera-refused",
        f"The camera refused the stream with status {status}",
        remedy="Check the path of the address; restart the camera or update its firmware if it is right.",
        status=502,
        field=_URL,
    )


def status_problem(status: int) -> ProblemError:
    """The problem behind a status that is no success (RTSP and HTTP number them alike)."""
    if status == 403:
        return forbidden()
    if status in (404, 410):
        return no_such_stream()
    return busy() if status in (453, 503) else refused(status)


def bad_answer(what: str) -> ProblemError:
    """The other side does not speak the protocol."""
    return ProblemError(
        "not-a-camera",
        f"What answers there does not speak {what}",
        remedy="Check the port of the address: 554 is usual for RTSP.",
        status=502,
        field=_URL,
    )


def no_video(offered: str) -> ProblemError:
    """Media, but no pictures."""
    return ProblemError(
        "no-video",
        f"The stream holds no video: {offered}",
        remedy="Check the path of the address; the camera's manual names the path of its video stream.",
        status=502,
        field=_URL,
    )


def unsupported_codec(offered: str) -> ProblemError:
    """Pictures we cannot take."""
    return ProblemError(
        "unsupported-codec",
        f"The camera offers {offered[:200]}, which this recorder does not take",
        remedy="Set the camera's stream to H.264, H.265, AV1 or M-JPEG.",
        status=502,
        field=_URL,
    )


def unsupported_transport() -> ProblemError:
    """461, or an answer that is none of what was asked."""
    return ProblemError(
        "unsupported-transport",
        "The camera does not offer this transport",
        remedy="Set the transport to auto.",
        status=502,
        field="source.transport",
    )


def redirected(why: str) -> ProblemError:
    """A redirection that is not followed."""
    return ProblemError(
        "bad-redirect",
        f"The camera sends its viewers elsewhere: {why}",
        remedy="Enter the final address of the stream.",
        status=502,
        field=_URL,
    )


def stream_changed() -> ProblemError:
    """The camera sends something other than it described."""
    return ProblemError(
        "stream-changed",
        "The camera changed its stream",
        remedy="Nothing to do: it is connected again.",
        status=503,
    )


def failed() -> ProblemError:
    """An error of ours."""
    return ProblemError(
        "source-failed",
        "The stream could not be read",
        remedy="Nothing to do if it comes back by itself; else report what the log of the ingest unit says.",
        status=500,
    )
