"""Gatehouse: an open recorder and door controller for the edge."""

__version__ = "0.1.0"
