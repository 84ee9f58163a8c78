"""The configured cameras: model, validation and which ingest shard owns which camera."""
