"""RTSP as a client (RFC 2326): connection, requests, tracks, session."""
