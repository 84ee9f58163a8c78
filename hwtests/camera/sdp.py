"""What DESCRIBE answers: the tracks of a profile (RFC 8866, and each payload format's own specification)."""

import base64
import threading

import numpy as np

from hwtests.camera.config import Audio, CameraConfig, Codec, Profile
from hwtests.camera.encoders import AudioEncoder, nal_type, video_encoder
from hwtests.camera.rtp import TrackFormat

RUBBISH = "v=0\r\no=- 1 1 IN\r\nm=video\r\na=rtpmap:\r\n\x00\xff<html>Welcome to your camera</html>\r\n"
_VIDEO_TYPES = {Codec.H264: 96, Codec.H265: 96, Codec.AV1: 96, Codec.MJPEG: 26}


class Describer:
    """Knows the SDP parameters of every profile; encodes one picture to learn them, once. Called from threads."""

    def __init__(self) -> None:
        self._fmtp: dict[Profile, str] = {}
        self._lock = threading.Lock()

    def tracks(self, camera: CameraConfig, profile: Profile) -> list[TrackFormat]:
        """The tracks of a camera's profile, video first. Blocks for some ten milliseconds the first time."""
        names = {Codec.H264: "H264", Codec.H265: "H265", Codec.AV1: "AV1", Codec.MJPEG: "JPEG"}
        found = [
            TrackFormat("video", _VIDEO_TYPES[profile.codec], names[profile.codec], 90_000, self._video_fmtp(profile))
        ]
        if camera.audio is not None:
            found.append(_audio_format(camera.audio))
        if camera.metadata:
            found.append(TrackFormat("application", 98, "vnd.onvif.metadata", 90_000))
        return found

    def _video_fmtp(self, profile: Profile) -> str:
        if profile.codec is Codec.MJPEG:
            return ""
        with self._lock:
            if profile not in self._fmtp:
                self._fmtp[profile] = _learn_fmtp(profile)
            return self._fmtp[profile]


def _learn_fmtp(profile: Profile) -> str:
    encoder = video_encoder(profile)
    black = np.full((profile.height * 3 // 2, profile.width), 128, np.uint8)
    for i in range(20):
        if units := encoder.encode(black, i, round(i * 1e6 / profile.fps), i == 0):
            return _fmtp(profile.codec, units[0].parts)
    raise RuntimeError(f"the {profile.codec} encoder gave nothing")


def _fmtp(codec: Codec, parts: list[bytes]) -> str:
    if codec is Codec.H264:
        sps, pps = (next(p for p in parts if nal_type(p, False) == kind) for kind in (7, 8))
        level = sps[1:4].hex().upper()
        return f"packetization-mode=1;profile-level-id={level};sprop-parameter-sets={_base64(sps)},{_base64(pps)}"
    if codec is Codec.H265:
        names = {32: "vps", 33: "sps", 34: "pps"}
        found = {nal_type(p, True): _base64(p) for p in parts}
        return ";".join(f"sprop-{name}={found[kind]}" for kind, name in names.items())
    return ""


def _audio_format(audio: Audio) -> TrackFormat:
    match audio:
        case Audio.PCMU:
            return TrackFormat("audio", 0, "PCMU", 8000, marker=False)
        case Audio.PCMA:
            return TrackFormat("audio", 8, "PCMA", 8000, marker=False)
        case Audio.G726:
            return TrackFormat("audio", 97, "G726-32", 8000, marker=False)
        case Audio.OPUS:
            return TrackFormat("audio", 97, "opus", 48_000, "sprop-stereo=0", marker=False)
        case Audio.AAC:
            config = AudioEncoder(audio).config.hex().upper()
            fmtp = "streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3"
            return TrackFormat("audio", 97, "mpeg4-generic", 16_000, f"{fmtp};config={config}")


def describe(camera: CameraConfig, tracks: list[TrackFormat], host: str) -> str:
    """The session description."""
    lines = ["v=0", f"o=- 1 1 IN IP4 {host}", f"s={camera.title or camera.name}", f"c=IN IP4 {host}", "t=0 0"]
    lines += ["a=control:*", "a=range:npt=now-"]
    for number, track in enumerate(tracks):
        channels = "/2" if track.encoding == "opus" else "/1" if track.kind == "audio" else ""
        lines.append(f"m={track.kind} 0 RTP/AVP {track.payload_type}")
        lines.append(f"a=rtpmap:{track.payload_type} {track.encoding}/{track.clock_rate_hz}{channels}")
        if track.fmtp:
            lines.append(f"a=fmtp:{track.payload_type} {track.fmtp}")
        lines += ["a=recvonly", f"a=control:track{number}"]
    return "\r\n".join(lines) + "\r\n"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
