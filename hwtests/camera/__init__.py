"""A camera simulator written from the standards alone: it shares no protocol code with the recorder that it tests."""
