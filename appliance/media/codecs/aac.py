"""AAC's AudioSpecificConfig (ISO/IEC 14496-3 clause 1.6.2.1)."""

from appliance.media.codecs.bits import BitReader
from appliance.media.model import AudioCodec, AudioFormat

RATES_HZ = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
SBR, PARAMETRIC_STEREO = 5, 29
# samples of a frame, and with frameLengthFlag, by audio object type: Main, LC, SSR, LTP; ER-LC, ER-LD, ER-ELD
FRAME_SAMPLES = dict.fromkeys((1, 2, 3, 4, 17), (1024, 960)) | dict.fromkeys((23, 39), (512, 480))


def audio_format(config: bytes) -> AudioFormat:
    """The format of an AudioSpecificConfig; raises ValueError."""
    bits = BitReader(config)
    name = kind = _object_type(bits)
    rate_hz = _rate(bits)
    channels = bits.u(4)
    if kind in (SBR, PARAMETRIC_STEREO):
        _rate(bits)
        kind = _object_type(bits)
    if kind not in FRAME_SAMPLES:
        raise ValueError(f"MPEG-4 audio of type {kind} is no AAC that we know")
    if not 1 <= channels <= 7:
        raise ValueError(f"{channels} is no channel configuration we play")
    long, short = FRAME_SAMPLES[kind]
    frame_samples = short if bits.left and bits.flag() else long
    return AudioFormat(
        AudioCodec.AAC, rate_hz, 8 if channels == 7 else channels, config, f"mp4a.40.{name}", frame_samples
    )


def _object_type(bits: BitReader) -> int:
    kind = bits.u(5)
    return 32 + bits.u(6) if kind == 31 else kind


def _rate(bits: BitReader) -> int:
    index = bits.u(4)
    if index == 15:
        return _sensible(bits.u(24))
    if index >= len(RATES_HZ):
        raise ValueError("a reserved sampling rate")
    return RATES_HZ[index]


def _sensible(rate_hz: int) -> int:
    if not 1000 <= rate_hz <= 192_000:
        raise ValueError(f"{rate_hz} Hz is no sampling rate")
    return rate_hz
