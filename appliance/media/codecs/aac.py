"""AAC's AudioSpecificConfig (ISO/IEC 14496-3 clause 1.6.2.1)."""

from appliance.media.codecs.bits import BitReader
from appliance.media.model import AudioCodec, AudioFormat

RATES_HZ = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
SBR, PARAMETRIC_STEREO = 5, 29


def audio_format(config: bytes) -> AudioFormat:
    """The format of an AudioSpecificConfig; raises ValueError."""
    bits = BitReader(config)
    kind = _object_type(bits)
    rate_hz = _rate(bits)
    channels = bits.u(4)
    if kind in (SBR, PARAMETRIC_STEREO):
        _rate(bits)
        kind = _object_type(bits)
    if not 1 <= channels <= 7:
        raise ValueError(f"{channels} is no channel configuration we play")
    frame_samples = 960 if bits.left and bits.flag() else 1024
    return AudioFormat(
        AudioCodec.AAC, rate_hz, 8 if channels == 7 else channels, config, f"mp4a.40.{kind}", frame_samples
    )


def _object_type(bits: BitReader) -> int:
    kind = bits.u(5)
    return 32 + bits.u(6) if kind == 31 else kind


def _rate(bits: BitReader) -> int:
    index = bits.u(4)
    if index == 15:
        return bits.u(24)
    if index >= len(RATES_HZ):
        raise ValueError("a reserved sampling rate")
    return RATES_HZ[index]
