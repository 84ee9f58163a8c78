"""Coded units to RTP payloads: H.264 (RFC 6184), H.265 (RFC 7798), AV1 (AOM's RTP specification), JPEG (RFC 2435), AAC
(RFC 3640, AAC-hbr), and those that travel as they are (RFC 3551, RFC 7587, ONVIF metadata)."""

from collections.abc import Iterator

from hwtests.camera.config import Audio, Codec

PAYLOAD_SIZE = 1388  # an MTU of 1400 less the RTP header
AV1_LEAST_PIECE = 16  # a new packet rather than a smaller piece of an OBU


def video_payloads(codec: Codec, parts: list[bytes], key: bool) -> list[bytes]:
    """The payloads of one picture, in order; the last one carries the marker."""
    match codec:
        case Codec.H264:
            return list(_nal_payloads(parts, h265=False))
        case Codec.H265:
            return list(_nal_payloads(parts, h265=True))
        case Codec.AV1:
            return list(av1_payloads(parts, key))
        case Codec.MJPEG:
            return list(jpeg_payloads(parts[0]))


def audio_payloads(audio: Audio, frame: bytes) -> list[bytes]:
    """The one payload of an audio frame."""
    if audio is Audio.AAC:  # one AU header of 16 bits: 13 of size, 3 of index (RFC 3640 3.3.6)
        return [b"\x00\x10" + (len(frame) << 3).to_bytes(2, "big") + frame]
    return [frame]


def metadata_payloads(document: bytes) -> list[bytes]:
    """An XML document cut into payloads, the last of which carries the marker (ONVIF Streaming 5.1.2.1)."""
    return [document[i : i + PAYLOAD_SIZE] for i in range(0, len(document), PAYLOAD_SIZE)]


# --- H.264 and H.265 ------------------------------------------------------------------------------------------------


def _nal_payloads(nals: list[bytes], *, h265: bool) -> Iterator[bytes]:
    """Parameter sets and SEI together in one aggregation packet where they fit, pictures alone or in fragments."""
    first = next((i for i, n in enumerate(nals) if _is_picture(n, h265)), 0)
    small = nals[:first]
    size = sum(len(n) + 2 for n in small)
    if len(small) > 1 and size + 2 <= PAYLOAD_SIZE:
        yield _aggregate(small, h265)
        nals = nals[first:]
    for nal in nals:
        if len(nal) <= PAYLOAD_SIZE:
            yield nal
        else:
            yield from _fragments(nal, h265)


def _is_picture(nal: bytes, h265: bool) -> bool:
    return nal[0] >> 1 & 0x3F < 32 if h265 else 1 <= nal[0] & 0x1F <= 5


def _aggregate(nals: list[bytes], h265: bool) -> bytes:
    """STAP-A (RFC 6184 5.7.1) or AP (RFC 7798 4.4.2)."""
    reference = max(n[0] & 0x60 for n in nals)
    header = b"\x60\x01" if h265 else bytes((reference | 24,))
    return header + b"".join(len(n).to_bytes(2, "big") + n for n in nals)


def _fragments(nal: bytes, h265: bool) -> Iterator[bytes]:
    """FU-A (RFC 6184 5.8) or FU (RFC 7798 4.4.3)."""
    if h265:
        prefix, kind, body = bytes((nal[0] & 0x81 | 49 << 1, nal[1])), nal[0] >> 1 & 0x3F, nal[2:]
    else:
        prefix, kind, body = bytes((nal[0] & 0xE0 | 28,)), nal[0] & 0x1F, nal[1:]
    room = PAYLOAD_SIZE - len(prefix) - 1
    for at in range(0, len(body), room):
        flags = (0x80 if at == 0 else 0) | (0x40 if at + room >= len(body) else 0)
        yield prefix + bytes((flags | kind,)) + body[at : at + room]


# --- AV1 ------------------------------------------------------------------------------------------------------------


def _leb128(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def without_size(obu: bytes) -> bytes:
    """An OBU with its size field removed, as RTP carries it (AV1 RTP 4.4)."""
    header = 2 if obu[0] & 4 else 1
    at = header
    while obu[at] & 0x80:
        at += 1
    return bytes((obu[0] & ~2,)) + obu[1:header] + obu[at + 1 :]


def av1_payloads(obus: list[bytes], key: bool) -> Iterator[bytes]:
    """Every OBU element behind its length (W = 0), split where a packet is full; N on the first of a sequence."""
    payload, continues, first = bytearray(), False, True
    for element in (without_size(obu) for obu in obus):
        at = 0
        while at < len(element):
            room = PAYLOAD_SIZE - 3 - len(payload)
            if room < AV1_LEAST_PIECE:
                yield _av1_packet(payload, continues, False, key and first)
                payload, continues, first = bytearray(), False, False
                continue
            piece = element[at : at + room]
            at += len(piece)
            payload += _leb128(len(piece)) + piece
            if at < len(element):
                yield _av1_packet(payload, continues, True, key and first)
                payload, continues, first = bytearray(), True, False
    if payload:
        yield _av1_packet(payload, continues, False, key and first)


def _av1_packet(payload: bytearray, continues: bool, continued: bool, new: bool) -> bytes:
    """Aggregation header Z Y W W N (AV1 RTP 4.4)."""
    return bytes((continues << 7 | continued << 6 | new << 3,)) + payload


# --- JPEG -----------------------------------------------------------------------------------------------------------


def jpeg_payloads(image: bytes) -> Iterator[bytes]:
    """RFC 2435: type 1 (4:2:0), Q 255 with the quantisation tables in the first packet. Baseline, even MCUs."""
    tables, width, height, scan = _parse_jpeg(image)
    at = 0
    while at < len(scan):
        header = at.to_bytes(4, "big") + bytes((1, 255, (width + 7) // 8, (height + 7) // 8))
        if at == 0:
            header += b"\x00\x00" + len(tables).to_bytes(2, "big") + tables
        room = PAYLOAD_SIZE - len(header)
        yield header + scan[at : at + room]
        at += room


def _parse_jpeg(image: bytes) -> tuple[bytes, int, int, bytes]:
    """(luma and chroma tables of 64 bytes each, width, height, entropy-coded data) (ITU-T T.81 Annex B)."""
    tables: dict[int, bytes] = {}
    width = height = 0
    at = 2
    while True:
        marker, length = image[at + 1], int.from_bytes(image[at + 2 : at + 4], "big")
        segment = image[at + 4 : at + 2 + length]
        at += 2 + length
        if marker == 0xDB:
            while segment:
                tables[segment[0] & 15], segment = segment[1:65], segment[65:]
        elif marker == 0xC0:
            height, width = int.from_bytes(segment[1:3], "big"), int.from_bytes(segment[3:5], "big")
        elif marker == 0xDA:
            end = image.rfind(b"\xff\xd9")
            return tables[0] + tables.get(1, tables[0]), width, height, image[at : end if end > 0 else None]
