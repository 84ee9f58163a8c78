"""An RTSP source we did not write: gst-rtsp-server plays a prepared H.264 clip in a loop. For /usr/bin/python3.

Usage: -m bench.gst_source CLIP.h264 PORT. There are MOUNTS mounts, /cam0 and so on, each one media shared by all its
readers, so that many readers cost few payloaders. With more than one, each begins elsewhere in the clip, as cameras
do not send their key pictures at the same instant. Prints "ready" when it serves; ends when its standard input closes.
"""

import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

from bench.annexb import access_units  # noqa: E402
from bench.source import GOP_FRAMES, MOUNTS  # noqa: E402

FRAME_NS = 40_000_000
PIPELINE = (
    "( appsrc name=clip is-live=true format=time block=true max-buffers=4"
    " caps=video/x-h264,stream-format=byte-stream,alignment=au,framerate=25/1"
    " ! h264parse ! identity sync=true ! rtph264pay name=pay0 pt=96 config-interval=-1 mtu=1400 )"
)


class Feeder:
    """Pushes the clip's units, from the first-th on, into a media's appsrc, forever, with exact time stamps."""

    def __init__(self, units: list[bytes], first: int) -> None:
        self._units = units
        self._first = first

    def configure(self, _factory: GstRtspServer.RTSPMediaFactory, media: GstRtspServer.RTSPMedia) -> None:
        """A media was made: feed it from a thread of its own."""
        source = media.get_element().get_child_by_name("clip")
        threading.Thread(target=self._feed, args=(source,), daemon=True).start()

    def _feed(self, source: Gst.Element) -> None:
        number = 0
        while True:
            buffer = Gst.Buffer.new_wrapped(self._units[(self._first + number) % len(self._units)])
            buffer.pts = buffer.dts = number * FRAME_NS
            buffer.duration = FRAME_NS
            if source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
                return
            number += 1


def main(clip: str, port: str) -> None:
    """Serve until standard input ends."""
    Gst.init(None)
    with open(clip, "rb") as file:
        units = access_units(file.read())
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    server.set_backlog(128)
    for number in range(MOUNTS):
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(PIPELINE)
        factory.set_shared(True)
        factory.connect("media-configure", Feeder(units, number * GOP_FRAMES // MOUNTS).configure)
        server.get_mount_points().add_factory(f"/cam{number}", factory)
    server.attach(None)
    loop = GLib.MainLoop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
    print("ready", flush=True)
    loop.run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
