"""Errors an operator can act on: what went wrong, where, and the remedy (RFC 9457)."""

from typing import Any


class ProblemError(Exception):
    """A failure with a cause and a remedy; becomes problem JSON at the API and text on a tile.

    code: a stable kebab-case word that programs may match on ("wrong-password").
    title: one short sentence naming the cause. remedy: what the reader should do.
    field: the dotted name of the offending input, where there is one.
    """

    def __init__(
        self,
        code: str,
        title: str,
        *,
        remedy: str,
        status: int = 400,
        field: str | None = None,
        detail: str | None = None,
    ) -> None:
        super().__init__(f"{code}: {title}")
        self.code = code
        self.title = title
        self.remedy = remedy
        self.status = status
        self.field = field
        self.detail = detail

    def to_json(self) -> dict[str, Any]:
        """The RFC 9457 members, plus our extensions `code`, `field` and `remedy`."""
        body: dict[str, Any] = {
            "type": f"/problems/{self.code}",
            "code": self.code,
            "title": self.title,
            "status": self.status,
            "remedy": self.remedy,
        }
        if self.field is not None:
            body["field"] = self.field
        if self.detail is not None:
            body["detail"] = self.detail
        return body

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> "ProblemError":
        """Rebuild a problem that travelled over the bus."""
        return cls(
            str(body.get("code", "unknown")),
            str(body.get("title", "Unknown problem")),
            remedy=str(body.get("remedy", "Look at the logs of the unit concerned.")),
            status=int(body.get("status", 500)),
            field=body.get("field"),
            detail=body.get("detail"),
        )
