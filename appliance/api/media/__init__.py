"""The media routes: snapshot, any range as one file, timeline, and the WebSockets."""
