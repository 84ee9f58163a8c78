"""Unit ingest@N: camera connections, recording and live fan-out."""
