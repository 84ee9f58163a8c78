"""Which tracks of a description are received, and how each is taken apart."""

from dataclasses import dataclass

from appliance.core.clock import Clock
from appliance.media import problems
from appliance.media.codecs import aac
from appliance.media.depacketise.audio import AacDepacketiser, PacketDepacketiser, from_aal2
from appliance.media.depacketise.av1 import Av1Depacketiser
from appliance.media.depacketise.base import AudioOut, Depacketiser, VideoOut
from appliance.media.depacketise.h264 import H264Depacketiser
from appliance.media.depacketise.h265 import H265Depacketiser
from appliance.media.depacketise.latm import LatmDepacketiser, stream_mux_config
from appliance.media.depacketise.metadata import MetadataDepacketiser
from appliance.media.depacketise.mjpeg import MjpegDepacketiser
from appliance.media.model import AudioCodec, AudioFormat, Sink
from appliance.media.rtsp.receiver import AudioOutput, MetadataOutput, Receiver, VideoOutput
from appliance.media.rtsp.runs import RunReader, h264_continuation, h265_continuation
from appliance.media.sdp import MediaDescription, Session, parameter_sets

VIDEO = ("H264", "H265", "HEVC", "AV1", "JPEG")
METADATA = "VND.ONVIF.METADATA"
G726_KBPS = {"G726-16": 16, "G726-24": 24, "G726-32": 32, "G726-40": 40}
_G711 = {"PCMU": (AudioCodec.PCMU, "ulaw"), "PCMA": (AudioCodec.PCMA, "alaw")}
_WORDS = 80


@dataclass(frozen=True, slots=True)
class Track:
    """A track to set up. url: absolute, for SETUP."""

    url: str
    receiver: Receiver


@dataclass(frozen=True, slots=True)
class Tracks:
    """What is received of a session. url: the aggregate's. video: its output counts the pictures."""

    url: str
    all: tuple[Track, ...]
    video: VideoOutput
    video_receiver: Receiver


def choose(session: Session, base: str, sink: Sink, clock: Clock) -> Tracks:
    """The first video, audio and metadata that we take; raises ProblemError where there is no such video.

    base: Content-Base, Content-Location or the address, in this order (RFC 2326 appendix C.1.1).
    """
    medium = _video_of(session)
    url = control_url(base, session.control)
    output = VideoOutput(sink, medium.rate_hz, medium.fps)
    receiver = Receiver(medium.payload_type, medium.rate_hz, _video(medium, output), output, sink, clock, _runs(medium))
    tracks = [Track(control_url(url, medium.control), receiver)]
    for maker in (_audio_receiver, _metadata_receiver):
        found = next(((m, r) for m in session.media if (r := maker(m, sink, clock)) is not None), None)
        if found is not None:
            tracks.append(Track(control_url(url, found[0].control), found[1]))
    return Tracks(url, tuple(tracks), output, receiver)


def _video_of(session: Session) -> MediaDescription:
    videos = [m for m in session.media if m.kind == "video"]
    if not videos:
        raise problems.no_video("it offers " + _named(session.media))
    found = next((m for m in videos if m.encoding in VIDEO), None)
    if found is None:
        raise problems.unsupported_codec(_named(tuple(videos)))
    if _is_interleaved(found):
        raise problems.unsupported_codec(f"{found.encoding} in interleaved packets")
    return found


def _is_interleaved(medium: MediaDescription) -> bool:
    """Whether packets come in another order than decoding (RFC 6184 clause 6.4, RFC 7798 clause 7.1)."""
    p = medium.parameters
    return p.get("packetization-mode") == "2" or p.get("sprop-max-don-diff", "0") != "0"


def _named(media: tuple[MediaDescription, ...]) -> str:
    """Encodings for people; what a camera wrote is cut and cleaned."""
    text = ", ".join(m.encoding for m in media)[:_WORDS]
    return "".join(c if c.isprintable() else "?" for c in text)


def control_url(base: str, control: str) -> str:
    """A control address made absolute: appended as cameras expect, so that a query in the base stays where it is."""
    if control in ("", "*"):
        return base
    if control[:7].lower() == "rtsp://" or control[:8].lower() == "rtsps://":
        return control
    if control.startswith("/"):
        scheme, _, rest = base.partition("://")
        return f"{scheme}://{rest.partition('/')[0]}{control}"
    return base + ("" if base.endswith("/") else "/") + control


def _video(medium: MediaDescription, out: VideoOut) -> Depacketiser:
    p = medium.parameters
    match medium.encoding:
        case "H264":
            return H264Depacketiser(out, parameter_sets(p.get("sprop-parameter-sets", "")))
        case "H265" | "HEVC":
            names = ("sprop-vps", "sprop-sps", "sprop-pps")
            return H265Depacketiser(out, parameter_sets(*(p.get(name, "") for name in names)))
        case "AV1":
            return Av1Depacketiser(out)
    return MjpegDepacketiser(out, medium.size)


def _runs(medium: MediaDescription) -> RunReader | None:
    match medium.encoding:
        case "H264":
            return RunReader(medium.payload_type, 2, h264_continuation)
        case "H265" | "HEVC":
            return RunReader(medium.payload_type, 3, h265_continuation)
    return None


def _audio_receiver(medium: MediaDescription, sink: Sink, clock: Clock) -> Receiver | None:
    """None where it is no audio that we take; sound that is described wrongly never costs the pictures."""
    if medium.kind != "audio" or medium.send_only:
        return None
    output = AudioOutput(sink, medium.rate_hz)
    try:
        depacketiser = _audio(medium, output)
    except ValueError:
        return None
    return (
        None
        if depacketiser is None
        else Receiver(medium.payload_type, medium.rate_hz, depacketiser, output, sink, clock)
    )


def _audio(medium: MediaDescription, out: AudioOut) -> Depacketiser | None:
    name, rate, p = medium.encoding, medium.rate_hz, medium.parameters
    if name in _G711:
        codec, codec_string = _G711[name]
        return PacketDepacketiser(out, AudioFormat(codec, rate, medium.channels, b"", codec_string))
    if (kbps := G726_KBPS.get(name.removeprefix("AAL2-"))) is not None:
        repack = from_aal2(kbps // 8) if name.startswith("AAL2-") else None
        return PacketDepacketiser(out, AudioFormat(AudioCodec.G726, rate, 1, bytes((kbps,)), "g726"), repack)
    if name == "OPUS":
        channels = 2 if p.get("sprop-stereo") == "1" else 1
        return PacketDepacketiser(out, AudioFormat(AudioCodec.OPUS, 48_000, channels, opus_config(channels), "opus"))
    if name == "MPEG4-GENERIC":
        return _aac(p, rate, out)
    if name == "MP4A-LATM" and p.get("cpresent") == "0":
        return LatmDepacketiser(out, stream_mux_config(bytes.fromhex(p.get("config", ""))), rate)
    return None


def _aac(parameters: dict[str, str], clock_hz: int, out: AudioOut) -> Depacketiser:
    fmt = aac.audio_format(bytes.fromhex(parameters.get("config", "")))
    low_rate = parameters.get("mode", "").lower() == "aac-lbr"
    size_bits = int(parameters.get("sizelength", 6 if low_rate else 13))
    index_bits = int(parameters.get("indexlength", 2 if low_rate else 3))
    if not (1 <= size_bits <= 32 and 0 <= index_bits <= 32):
        raise ValueError("access unit headers of a strange size")
    return AacDepacketiser(out, fmt, size_bits, index_bits, clock_hz)


def opus_config(channels: int) -> bytes:
    """The payload of a dOps box (Opus in ISOBMFF 4.3.2): version 0, no pre-skip, 48 kHz, no gain, family 0."""
    return bytes((0, channels, 0, 0)) + (48_000).to_bytes(4) + bytes(3)


def _metadata_receiver(medium: MediaDescription, sink: Sink, clock: Clock) -> Receiver | None:
    if medium.kind != "application" or medium.encoding != METADATA:
        return None
    output = MetadataOutput(sink, medium.rate_hz)
    return Receiver(medium.payload_type, medium.rate_hz, MetadataDepacketiser(output.document), output, sink, clock)
