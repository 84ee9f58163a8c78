"""What the unit says of itself on the bus; the API shows the same (docs/reference/api.md, Updates)."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

STATUS = "status"  # the name of the retained state
SOURCE = "update-source"  # the retained state of the api unit that says where to look

TaskName = Literal["idle", "receiving", "checking", "downloading", "installing", "restart-needed", "failed"]
Percent = Annotated[int, Meta(ge=0, le=100)]


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """The version that runs, and its slot; null where there are no slots (a bench)."""

    version: str
    slot: str | None


class SlotView(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two system slots. running: it runs and was healthy; trial: new, or running and not healthy yet."""

    name: Literal["a", "b"]
    state: Literal["running", "good", "trial", "bad", "empty"]
    version: str | None
    tries_left: int


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What is being done. percent: of this step; null where it is not known. problem: why the last one failed."""

    state: TaskName = "idle"
    percent: Percent | None = None
    version: str | None = None
    problem: dict[str, Any] | None = None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A newer version at the source."""

    version: str
    notes: str
    size_bytes: int


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where updates are looked for. url: of an index, or of the folder it lies in; automatic: install what is found."""

    url: Annotated[str, Meta(max_length=2000)] | None = None
    automatic: bool = False


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """The source, when it last answered (RFC 3339), and what it offers that is newer than what runs."""

    url: str | None = None
    automatic: bool = False
    checked_at: str | None = None
    offered: Offer | None = None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. floor: the oldest version that may be installed, null where none is set."""

    running: Running
    floor: str | None
    slots: list[SlotView]
    task: Task
    source: SourceView
