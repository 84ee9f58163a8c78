"""Capital letters and digits as strokes, for the caption in the picture."""

from functools import lru_cache

import numpy as np

from hwtests.camera.paint import Array, Canvas

# Polylines on a grid of 4 × 6, each point two digits: column, line.
_STROKES = {
    "A": "0602204246 0444",
    "B": "00063645443303 0030414233",
    "C": "4130100105163645",
    "D": "00062645412000",
    "E": "40000646 0333",
    "F": "400006 0333",
    "G": "41301001051636454323",
    "H": "0006 4046 0343",
    "I": "2026 1030 1636",
    "J": "4045361605",
    "K": "0006 400346",
    "L": "000646",
    "M": "0600234046",
    "N": "06004640",
    "O": "103041453616050110",
    "P": "06003041423303",
    "Q": "103041453616050110 2446",
    "R": "06003041423303 2346",
    "S": "413010010213334445361605",
    "T": "0040 2026",
    "U": "000516364540",
    "V": "002640",
    "W": "0016233640",
    "X": "0046 4006",
    "Y": "002340 2326",
    "Z": "00400646",
    "0": "103041453616050110",
    "1": "112026 1636",
    "2": "01103041420646",
    "3": "01103041423313 334445361605",
    "4": "36300444",
    "5": "400003334445361605",
    "6": "413010010516364544331304",
    "7": "004016",
    "8": "103041423313020110 1304051636454433",
    "9": "051636454130100102133342",
    "-": "1333",
    ":": "2222 2525",
    ".": "2626",
    "/": "0640",
    "+": "0343 2125",
    "_": "0646",
    " ": "",
}
_UNKNOWN = "0040460600"
ADVANCE, LINE = 6.0, 8.5  # in grid units


@lru_cache(maxsize=400)
def glyph(character: str, size_px: float) -> Array:
    """Coverage 0–1 of one character, size_px being the height of a capital."""
    unit = size_px / 6
    canvas = Canvas(round(ADVANCE * unit), round(LINE * unit), (unit, unit))
    for stroke in _STROKES.get(character.upper(), _UNKNOWN).split():
        points = [(float(stroke[i]) + 1, float(stroke[i + 1]) + 1.25) for i in range(0, len(stroke), 2)]
        canvas.stroke(points, 0.95, (255, 255, 255))
    return canvas.alpha


def text(line: str, size_px: float) -> Array:
    """Coverage of a line of text; a little dark margin on every side is in it."""
    return np.hstack([glyph(character, size_px) for character in line or " "])
