"""Backups: made, kept, checked and put back; and the support bundle."""
