from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from appliance.media.depacketise import metadata
from appliance.media.depacketise.metadata import MetadataDepacketiser
from hwtests.camera import packetise
from tests.media.rtp_streams import deliver, packets_of

DOCUMENT = b'<?xml version="1.0"?><tt:MetadataStream>' + b"<a/>" * 1000 + b"</tt:MetadataStream>"


def heard(packets: list[bytes], lose: tuple[int, ...] = ()) -> list[tuple[int, bytes]]:
    out: list[tuple[int, bytes]] = []
    deliver(MetadataDepacketiser(lambda rtp, document: out.append((rtp, document))), packets, lose)
    return out


def test_a_document_ends_with_the_marker() -> None:
    sent = [(n * 9000, packetise.metadata_payloads(DOCUMENT + b"%d" % n)) for n in range(3)]
    assert heard(packets_of(sent)) == [(n * 9000, DOCUMENT + b"%d" % n) for n in range(3)]


def test_a_document_with_a_hole_is_left_out_and_the_next_one_is_whole() -> None:
    sent = [(n * 9000, packetise.metadata_payloads(DOCUMENT + b"%d" % n)) for n in range(3)]
    packets = packets_of(sent)
    pieces = len(sent[0][1])
    for lost in range(pieces):
        assert heard(packets, (pieces + lost,)) == [(n * 9000, DOCUMENT + b"%d" % n) for n in (0, 2)]


def test_a_document_without_an_end_is_given_up() -> None:
    with mock.patch.object(metadata, "LARGEST_DOCUMENT_BYTES", 5000):
        depacketiser = MetadataDepacketiser(lambda rtp, document: None)
        deliver(depacketiser, packets_of([(0, [bytes(1000)] * 100)], mark=False))
        assert len(depacketiser._document) <= 5000
        assert heard(packets_of([(0, [bytes(1000)] * 100), (1, [DOCUMENT])])) != []


@given(st.lists(st.tuples(st.integers(0, 3), st.lists(st.binary(max_size=20), min_size=1, max_size=4)), max_size=9))
def test_any_payloads_are_taken(sent: list[tuple[int, list[bytes]]]) -> None:
    heard(packets_of(sent, mark=False))
    heard(packets_of(sent), (1, 3))
