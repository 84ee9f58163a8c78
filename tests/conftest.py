"""For every test: hypothesis measures behaviour, never time; a busy machine fails no test."""

from hypothesis import settings

settings.register_profile("gatehouse", deadline=None)
settings.load_profile("gatehouse")
