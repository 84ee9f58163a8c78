"""Names of files that a browser saves."""

import re
import unicodedata
from urllib.parse import quote

from appliance.core.clock import to_rfc3339

_LONGEST_NAME = 80


def file_name(camera_name: str, start_us: int, extension: str) -> str:
    """The camera's name and the time (UTC), of characters that every file system takes."""
    plain = unicodedata.normalize("NFC", camera_name)
    kept = "".join(c if c.isalnum() or c in "-_ ." else " " for c in plain)
    name = re.sub(r"\s+", " ", kept).strip(" .")[:_LONGEST_NAME].rstrip(" .") or "camera"
    day, time = to_rfc3339(start_us)[:19].split("T")
    return f"{name} {day} {time.replace(':', '-')}Z.{extension}"


def content_disposition(name: str) -> str:
    """The header that has a browser save the answer (RFC 6266), with an ASCII name for those that know no other."""
    ascii_name = re.sub(
        r"[^A-Za-z0-9._ -]", "_", unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    )
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
