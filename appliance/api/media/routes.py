"""The media side of the API: its routes (docs/reference/api.md)."""

from aiohttp import web

from appliance.api.media.events_socket import serve_events
from appliance.api.media.media_file import MediaFileQuery, MediaFiles
from appliance.api.media.parts import MediaParts, media_parts
from appliance.api.media.pictures import Pictures, SnapshotQuery
from appliance.api.media.socket import serve_media
from appliance.api.media.timeline import (
    DaysQuery,
    DaysView,
    RecordingsQuery,
    RecordingsView,
    TimelineQuery,
    Timelines,
    TimelineView,
)
from appliance.api.routing import Call, Permission, Route
from appliance.api.services import Services

CAMERA = "/api/v1/cameras/{id}"


def media_routes(services: Services) -> list[Route]:
    """Live, playback, pictures, files and timelines; all for viewers."""
    parts = media_parts(services)
    return [*_sockets(services, parts), *_media(parts), *_what_is_recorded(parts)]


def _sockets(services: Services, parts: MediaParts) -> list[Route]:
    async def media(call: Call) -> web.StreamResponse:
        return await serve_media(call.request, parts)

    async def events(call: Call) -> web.StreamResponse:
        return await serve_events(call.request, services)

    return [
        Route(
            method="WS",
            path="/api/v1/media",
            permission=Permission.VIEWER,
            handler=media,
            summary="Live and playback streams of a page: docs/reference/media-socket.md",
        ),
        Route(
            method="WS",
            path="/api/v1/events",
            permission=Permission.VIEWER,
            handler=events,
            summary="The state of every camera, then changes and events as they happen",
        ),
    ]


def _media(parts: MediaParts) -> list[Route]:
    return [
        Route(
            method="GET",
            path=f"{CAMERA}/snapshot.jpg",
            permission=Permission.VIEWER,
            handler=Pictures(parts).serve,
            summary="The newest picture, or the recorded one of a time",
            query=SnapshotQuery,
            media_type="image/jpeg",
        ),
        Route(
            method="GET",
            path=f"{CAMERA}/media.mp4",
            permission=Permission.VIEWER,
            handler=MediaFiles(parts).serve,
            summary="Any recorded range as one file, exact to the GOP; byte ranges work",
            query=MediaFileQuery,
            media_type="video/mp4",
        ),
    ]


def _what_is_recorded(parts: MediaParts) -> list[Route]:
    timelines = Timelines(parts)
    return [
        Route(
            method="GET",
            path=f"{CAMERA}/timeline",
            permission=Permission.VIEWER,
            handler=timelines.timeline,
            summary="What is recorded in a range, and why the rest is not",
            query=TimelineQuery,
            result=TimelineView,
        ),
        Route(
            method="GET",
            path=f"{CAMERA}/days",
            permission=Permission.VIEWER,
            handler=timelines.days,
            summary="Days with recordings",
            query=DaysQuery,
            result=DaysView,
        ),
        Route(
            method="GET",
            path="/api/v1/recordings",
            permission=Permission.VIEWER,
            handler=timelines.recordings,
            summary="Recorded segments, newest first",
            query=RecordingsQuery,
            result=RecordingsView,
        ),
    ]
