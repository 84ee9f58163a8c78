"""What a simulated camera is: its streams, its clock, its passwords. Read from TOML or built in a test."""

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Codec(StrEnum):
    """Video codings."""

    H264 = "h264"
    H265 = "h265"
    AV1 = "av1"
    MJPEG = "mjpeg"


class Audio(StrEnum):
    """Audio codings; G.726 is at 32 kbit/s."""

    AAC = "aac"
    PCMU = "pcmu"
    PCMA = "pcma"
    G726 = "g726"
    OPUS = "opus"


class Scheme(StrEnum):
    """How a client proves that it knows the password."""

    BASIC = "basic"
    DIGEST = "digest"
    DIGEST_SHA256 = "digest-sha256"


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One video stream of a camera. H.264 stays below kbps; constant fills it up. bframes: consecutive (H.264 only)."""

    name: Name = "high"
    codec: Codec = Codec.H264
    width: Annotated[int, Meta(ge=160, le=3840, multiple_of=8)] = 1280
    height: Annotated[int, Meta(ge=96, le=2160, multiple_of=4)] = 720
    fps: Annotated[float, Meta(gt=0, le=60)] = 15.0
    kbps: Annotated[int, Meta(ge=20, le=50_000)] = 1500
    constant: bool = False
    gop_s: Annotated[float, Meta(gt=0, le=60)] = 2.0
    bframes: Annotated[int, Meta(ge=0, le=4)] = 0

    def coded_as(self, codec: Codec) -> "Profile":
        """The same pictures in a coding; M-JPEG loses lines that make no whole block, which RFC 2435 cannot say."""
        height = self.height // 8 * 8 if codec is Codec.MJPEG else self.height
        bframes = self.bframes if codec is Codec.H264 else 0
        return msgspec.structs.replace(self, codec=codec, height=height, bframes=bframes)


DEFAULT_PROFILES = (
    Profile(),
    Profile(name="medium", width=640, height=360, kbps=600),
    Profile(name="low", width=320, height=180, fps=10.0, kbps=200),
)


class CameraConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One camera, at rtsp://HOST:PORT/NAME (its first profile) and /NAME/PROFILE.

    title: drawn in the picture; cameras with equal pictures share one encoder. auth: schemes offered, where username is
    set. offset_ms and drift_ppm: the camera's clock against ours. initial_*: of RTP, random where None.
    key_on_play: a new viewer gets a key frame at once rather than at the next one due.
    """

    name: Name
    title: str = ""
    scene: str = "street"
    profiles: Annotated[tuple[Profile, ...], Meta(min_length=1)] = DEFAULT_PROFILES
    audio: Audio | None = None
    metadata: bool = False
    username: str = ""
    password: str = ""
    auth: tuple[Scheme, ...] = (Scheme.DIGEST,)
    offset_ms: float = 0.0
    drift_ppm: float = 0.0
    initial_sequence: Annotated[int, Meta(ge=0, le=0xFFFF)] | None = None
    initial_timestamp: Annotated[int, Meta(ge=0, le=0xFFFFFFFF)] | None = None
    report_interval_s: Annotated[float, Meta(gt=0)] = 1.0
    session_timeout_s: Annotated[float, Meta(gt=0)] = 60.0
    key_on_play: bool = True

    def profile(self, name: str) -> Profile | None:
        """The profile of that name; the first for the empty name."""
        return next((p for p in self.profiles if name in ("", p.name)), None)


class SimulatorConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole process of cameras. Port 0 takes a free one; None leaves that service out."""

    cameras: tuple[CameraConfig, ...]
    host: str = "127.0.0.1"
    port: int = 0
    tls_port: int | None = None
    http_port: int | None = None
    control_port: int | None = None
    footage: str | None = None


class Faults(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is wrong with a camera at present.

    loss_percent: RTP packets not sent. stall: connections stay and nothing is sent. refuse: connections are closed at
    their first request. codec: another coding; viewers are thrown out, as real cameras do. width, height: another size,
    in mid-stream. bad_sdp: DESCRIBE answers rubbish. corrupt_nal: a byte in a thousand of the pictures' data is wrong.
    truncated_nal: every fifth picture ends in the middle. backward_timestamp_s: RTP time lies that far back. no_marker:
    RTP markers are missing. wrong_password: no password is right. no_reports: RTCP sender reports are missing.
    """

    loss_percent: Annotated[float, Meta(ge=0, le=100)] = 0.0
    stall: bool = False
    refuse: bool = False
    codec: Codec | None = None
    width: Annotated[int, Meta(ge=160, le=3840, multiple_of=8)] | None = None
    height: Annotated[int, Meta(ge=96, le=2160, multiple_of=4)] | None = None
    bad_sdp: bool = False
    corrupt_nal: bool = False
    truncated_nal: bool = False
    backward_timestamp_s: Annotated[float, Meta(ge=0)] = 0.0
    no_marker: bool = False
    wrong_password: bool = False
    no_reports: bool = False

    def apply(self, profile: Profile) -> Profile:
        """The profile as it is streamed under these faults."""
        changed = msgspec.structs.replace(
            profile, width=self.width or profile.width, height=self.height or profile.height
        )
        return changed.coded_as(self.codec or profile.codec)


def load(path: Path) -> tuple[CameraConfig, ...]:
    """The `[[camera]]` tables of a TOML file, or the same as JSON in a .json file.

    Raises msgspec.MsgspecError, tomllib.TOMLDecodeError, OSError.
    """

    class File(msgspec.Struct, forbid_unknown_fields=True):
        camera: tuple[CameraConfig, ...]

    if path.suffix == ".json":
        return msgspec.json.decode(path.read_bytes(), type=File).camera
    return msgspec.convert(tomllib.loads(path.read_text()), File).camera
