"""Users, sessions, tokens, certificates and the audit log."""
