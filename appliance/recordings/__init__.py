"""Recordings as a library: model, index, writer, gaps, playback."""
