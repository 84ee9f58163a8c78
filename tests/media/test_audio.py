import io
from collections.abc import Callable

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.media.codecs import aac
from appliance.media.depacketise.audio import AacDepacketiser, PacketDepacketiser, from_aal2
from appliance.media.depacketise.base import Depacketiser
from appliance.media.depacketise.latm import LatmDepacketiser, stream_mux_config
from appliance.media.fmp4 import audio_chunk, init_segment
from appliance.media.model import AudioCodec, AudioFormat, AudioUnit
from tests.media.rtp_streams import Heard, deliver, gstreamer, libav_audio, packets_of

Lost = tuple[int, ...]
LC_16K = aac.audio_format(bytes.fromhex("1408"))


def heard(make: Callable[..., Depacketiser], *arguments: object, packets: list[bytes], lose: Lost = ()) -> Heard:
    out = Heard()
    deliver(make(out, *arguments), packets, lose)
    return out


def aac_heard(packets: list[bytes], lose: Lost = (), fmt: AudioFormat = LC_16K, clock_hz: int = 0) -> Heard:
    return heard(AacDepacketiser, fmt, 13, 3, clock_hz, packets=packets, lose=lose)


def samples_played(fmt: AudioFormat, sounds: list[tuple[int, bytes, int]]) -> np.ndarray:
    """What libav decodes from a file of these units."""
    units = [AudioUnit(n * 20_000, data, 20_000) for n, (_, data, _) in enumerate(sounds)]
    chunks = [audio_chunk(unit, fmt, epoch_us=0, sequence=n) for n, unit in enumerate(units)]
    with av.open(io.BytesIO(init_segment(None, fmt) + b"".join(chunks)), "r") as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def au_packet(*units: bytes) -> bytes:
    headers = b"".join((len(unit) << 3).to_bytes(2) for unit in units)
    return (len(headers) * 8).to_bytes(2) + headers + b"".join(units)


# --- against payloaders that we did not write ------------------------------------------------------------------------


def test_aac_from_libav_plays() -> None:
    packets, config = libav_audio("aac", 16_000, 30, samples=1024)
    out = aac_heard(packets, fmt=aac.audio_format(config))
    start = out.sounds[0][0]
    assert [(rtp - start) % (1 << 32) for rtp, _, _ in out.sounds] == [n * 1024 for n in range(len(out.sounds))]
    assert len(samples_played(out.audio_formats[0], out.sounds)) == len(out.sounds) * 1024


def test_aac_from_gstreamer_plays_fragments_and_all() -> None:
    source = "audiotestsrc num-buffers=30 samplesperbuffer=1024 ! audio/x-raw,rate=48000,channels=2"
    encoder = "voaacenc bitrate=256000 ! rtpmp4gpay"
    config = aac.audio_format(bytes.fromhex("1190"))
    right = aac_heard(gstreamer(f"{source} ! {encoder} mtu=1400"), fmt=config)
    pieces = gstreamer(f"{source} ! {encoder} mtu=100")
    assert len(pieces) > 2 * len(right.sounds)
    assert [s[1] for s in aac_heard(pieces, fmt=config).sounds] == [s[1] for s in right.sounds]
    assert len(samples_played(config, right.sounds)) == len(right.sounds) * 1024


@pytest.mark.parametrize(
    ("encoder", "codec", "name"), [("pcm_mulaw", AudioCodec.PCMU, "ulaw"), ("pcm_alaw", AudioCodec.PCMA, "alaw")]
)
def test_g711_from_libav_plays(encoder: str, codec: AudioCodec, name: str) -> None:
    fmt = AudioFormat(codec, 8000, 1, b"", name)
    out = heard(PacketDepacketiser, fmt, packets=libav_audio(encoder, 8000, 20, samples=400)[0])
    assert out.audio_formats == [fmt]
    assert sum(samples for _, _, samples in out.sounds) == 8000
    assert abs(samples_played(fmt, out.sounds)).max() > 15_000


def test_opus_from_libav_plays() -> None:
    config = bytes((0, 1, 0, 0)) + (48_000).to_bytes(4) + bytes(3)
    fmt = AudioFormat(AudioCodec.OPUS, 48_000, 1, config, "opus")
    out = heard(PacketDepacketiser, fmt, packets=libav_audio("libopus", 48_000, 20, samples=960)[0])
    assert {samples for _, _, samples in out.sounds} == {960}
    assert abs(samples_played(fmt, out.sounds)).max() > 0.3


@pytest.mark.parametrize("kbps", [16, 24, 32, 40])
def test_g726_in_either_order_of_bits_is_the_same_to_us(kbps: int) -> None:
    """libav's encoders: g726 packs as AAL2 does, g726le as RFC 3551 does."""
    fmt = AudioFormat(AudioCodec.G726, 8000, 1, bytes((kbps,)), "g726")
    bits, options = kbps // 8, {"code_size": str(kbps // 8)}
    plain = heard(PacketDepacketiser, fmt, packets=libav_audio("g726le", 8000, 20, samples=400, **options)[0])
    packets = libav_audio("g726", 8000, 20, samples=400, **options)[0]
    turned = heard(PacketDepacketiser, fmt, from_aal2(bits), packets=packets)
    assert [s[1:] for s in turned.sounds] == [s[1:] for s in plain.sounds]
    assert sum(samples for _, _, samples in plain.sounds) == 8000


# --- AAC -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "rate", "channels", "name", "samples"),
    [
        ("1408", 16_000, 1, "mp4a.40.2", 1024),
        ("1190", 48_000, 2, "mp4a.40.2", 1024),
        ("140c", 16_000, 1, "mp4a.40.2", 960),
        ("2b098800", 24_000, 1, "mp4a.40.5", 1024),
        ("eb098800", 24_000, 1, "mp4a.40.29", 1024),
        ("1780232828", 18_000, 5, "mp4a.40.2", 1024),
        ("f8e64000", 48_000, 2, "mp4a.40.39", 512),
    ],
)
def test_configurations(config: str, rate: int, channels: int, name: str, samples: int) -> None:
    fmt = aac.audio_format(bytes.fromhex(config))
    assert (fmt.sample_rate_hz, fmt.channels, fmt.codec_string, fmt.frame_samples) == (rate, channels, name, samples)


@pytest.mark.parametrize("config", ["", "14", "1400", "1688", "f80008", "1780000008"])
def test_configurations_that_make_no_sense(config: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        aac.audio_format(bytes.fromhex(config))


def test_units_of_one_packet_follow_each_other() -> None:
    out = aac_heard(packets_of([(5, [au_packet(b"one", b"two!", b"three")]), (5 + 3072, [au_packet(b"four")])]))
    assert out.sounds == [(5, b"one", 1024), (1029, b"two!", 1024), (2053, b"three", 1024), (3077, b"four", 1024)]
    assert out.audio_formats == [LC_16K]


def test_high_efficiency_units_follow_each_other_at_twice_the_rate() -> None:
    packets = packets_of([(0, [au_packet(b"one", b"two")])])
    out = aac_heard(packets, fmt=aac.audio_format(bytes.fromhex("2b098800")), clock_hz=48_000)
    assert out.sounds == [(0, b"one", 1024), (2048, b"two", 1024)]


def fragments(unit: bytes, pieces: int) -> list[bytes]:
    head, step = b"\0\x10" + (len(unit) << 3).to_bytes(2), -(-len(unit) // pieces)
    return [head + unit[at : at + step] for at in range(0, len(unit), step)]


@given(st.lists(st.tuples(st.binary(min_size=60, max_size=300), st.integers(1, 9)), min_size=3, max_size=9), st.data())
def test_a_lost_fragment_costs_its_unit_and_at_most_the_next(
    sent: list[tuple[bytes, int]], data: st.DataObject
) -> None:
    packets = packets_of([(n * 1024, fragments(*each)) for n, each in enumerate(sent)])
    assert [unit for _, unit, _ in aac_heard(packets).sounds] == [unit for unit, _ in sent]
    lost = data.draw(st.integers(1, len(packets) - 1)) if len(packets) > 1 else 0
    hit = int.from_bytes(packets[lost][4:8])
    spared = [(n * 1024, unit) for n, (unit, _) in enumerate(sent) if not hit <= n * 1024 <= hit + 1024]
    got = [(rtp, unit) for rtp, unit, _ in aac_heard(packets, (lost,)).sounds]
    assert [each for each in got if each in spared] == spared
    assert all((rtp, unit) in [(n * 1024, u) for n, (u, _) in enumerate(sent)] for rtp, unit in got)


@given(st.lists(st.binary(max_size=60), max_size=20), st.integers(1, 32), st.integers(0, 32))
def test_any_aac_payloads_are_taken(payloads: list[bytes], size_bits: int, index_bits: int) -> None:
    packets = packets_of([(n // 2, [payload]) for n, payload in enumerate(payloads)])
    for lose in ((), (1, 4)):
        out = heard(AacDepacketiser, LC_16K, size_bits, index_bits, packets=packets, lose=lose)
        assert sum(len(unit) for _, unit, _ in out.sounds) <= sum(map(len, payloads))


def test_a_unit_without_an_end_is_given_up() -> None:
    out = Heard()
    depacketiser = AacDepacketiser(out, LC_16K, 32, 0)
    endless = [b"\0\x20\x7f\xff\xff\xff" + bytes(1000)] * 200
    deliver(depacketiser, packets_of([(0, endless)]))
    assert len(depacketiser._part) == 0
    assert out.sounds == []


# --- LATM ------------------------------------------------------------------------------------------------------------


def latm_heard(packets: list[bytes], config: str, lose: Lost = ()) -> Heard:
    return heard(LatmDepacketiser, stream_mux_config(bytes.fromhex(config)), 48_000, packets=packets, lose=lose)


@pytest.mark.parametrize("mtu", [100, 1400])
def test_latm_from_gstreamer_is_the_same_sound_as_aac(mtu: int) -> None:
    source = "audiotestsrc num-buffers=30 samplesperbuffer=1024 ! audio/x-raw,rate=48000,channels=2"
    plain = aac_heard(gstreamer(f"{source} ! voaacenc ! rtpmp4gpay"), fmt=aac.audio_format(bytes.fromhex("1190")))
    out = latm_heard(gstreamer(f"{source} ! voaacenc ! aacparse ! rtpmp4apay mtu={mtu}"), "40002320")
    assert [unit for _, unit, _ in out.sounds] == [unit for _, unit, _ in plain.sounds]
    assert out.audio_formats == [plain.audio_formats[0]]
    times = [(rtp - out.sounds[0][0]) % (1 << 32) for rtp, _, _ in out.sounds]
    assert all(abs(time - n * 1024) <= 1 for n, time in enumerate(times))  # it rounds nanoseconds


def test_latm_units_of_one_element_follow_each_other() -> None:
    element = b"\x03one" + b"\xff\x01" + b"x" * 256
    out = latm_heard(packets_of([(0, [element[:100], element[100:]])]), "41002320")
    assert [(rtp, len(unit)) for rtp, unit, _ in out.sounds] == [(0, 3), (1024, 256)]


def test_a_latm_element_with_a_hole_is_left_out() -> None:
    packets = packets_of([(n * 1024, [b"\xff\x01" + bytes(100), bytes(156)]) for n in range(4)])
    for lost in range(1, 8):
        kept = [rtp // 1024 for rtp, _, _ in latm_heard(packets, "40002320", (lost,)).sounds]
        assert kept == [n for n in range(4) if n != lost // 2]


@pytest.mark.parametrize(
    ("config", "rate", "channels"),
    [("400026203fc0", 24_000, 2), ("40002810", 16_000, 1), ("40002f0046502000", 18_000, 2)],
)
def test_latm_configurations(config: str, rate: int, channels: int) -> None:
    fmt = stream_mux_config(bytes.fromhex(config)).fmt
    assert (fmt.sample_rate_hz, fmt.channels, fmt.codec_string) == (rate, channels, "mp4a.40.2")


@given(st.binary(max_size=12) | st.builds(lambda b: b"\x40\0" + b, st.binary(max_size=8)))
def test_any_bytes_are_a_latm_configuration_or_a_value_error(data: bytes) -> None:
    try:
        assert stream_mux_config(data).fmt.sample_rate_hz > 0
    except ValueError:
        return


@given(st.lists(st.tuples(st.integers(0, 3), st.lists(st.binary(max_size=20), min_size=1, max_size=4)), max_size=9))
def test_any_latm_payloads_are_taken(sent: list[tuple[int, list[bytes]]]) -> None:
    latm_heard(packets_of(sent, mark=False), "41002320")
    latm_heard(packets_of(sent), "41002320", (1, 3))


# --- packets that are their samples ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("packet", "samples"),
    [
        (b"", 0),
        (b"\x00", 480),
        (b"\x18", 2880),
        (b"\x19ab", 5760),
        (b"\x1b\x02ab", 5760),
        (b"\x1b\x03abc", 0),
        (b"\x1b", 0),
        (b"\x83\x30", 5760),
        (b"\xf8a", 960),
    ],
)
def test_the_length_of_opus_packets(packet: bytes, samples: int) -> None:
    fmt = AudioFormat(AudioCodec.OPUS, 48_000, 1, b"", "opus")
    out = heard(PacketDepacketiser, fmt, packets=packets_of([(0, [packet])]))
    assert sum(unit[2] for unit in out.sounds) == samples


@given(st.sampled_from([2, 3, 4, 5]), st.binary(max_size=60))
def test_aal2_and_back_is_the_identity_on_whole_groups(bits: int, data: bytes) -> None:
    whole = data[: len(data) // bits * bits]
    turned = from_aal2(bits)(data)
    assert len(turned) == len(whole)
    codes = [int.from_bytes(whole) >> bits * n & (1 << bits) - 1 for n in reversed(range(len(whole) * 8 // bits))]
    packed = int.from_bytes(turned, "little")
    assert [packed >> bits * n & (1 << bits) - 1 for n in range(len(codes))] == codes
