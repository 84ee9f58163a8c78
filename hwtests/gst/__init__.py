"""RTSP from GStreamer's server, which we did not write."""
