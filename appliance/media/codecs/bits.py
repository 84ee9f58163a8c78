"""Reading bits, most significant first, with the Exp-Golomb codes of ISO/IEC 14496-10 clause 9.1."""

LARGEST_BYTES = 4096


class OutOfBitsError(ValueError):
    """The data ended before the syntax did."""


class BitReader:
    """Reads from bytes; raises OutOfBitsError past their end. Reads at most LARGEST_BYTES: it costs their square."""

    def __init__(self, data: bytes) -> None:
        data = data[:LARGEST_BYTES]
        self._value = int.from_bytes(data)
        self._left = len(data) * 8

    @property
    def left(self) -> int:
        """Bits not yet read."""
        return self._left

    def u(self, bits: int) -> int:
        """An unsigned integer of this many bits."""
        if bits > self._left:
            raise OutOfBitsError("the parameter set is cut short")
        self._left -= bits
        return self._value >> self._left & (1 << bits) - 1

    def flag(self) -> bool:
        """One bit."""
        return self.u(1) == 1

    def ue(self) -> int:
        """Unsigned Exp-Golomb, at most 32 bits of value."""
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > 32:
                raise OutOfBitsError("an Exp-Golomb code is too long")
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        """Signed Exp-Golomb."""
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)

    def skip(self, bits: int) -> None:
        """Pass over bits."""
        self.u(bits)


def unescaped(nal: bytes) -> bytes:
    """The RBSP of a NAL unit: emulation prevention bytes taken out (14496-10 clause 7.3.1)."""
    parts = nal.split(b"\x00\x00\x03")
    return b"\x00\x00".join(parts)
