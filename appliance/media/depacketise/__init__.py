"""RTP payloads to access units, one module per payload format."""
