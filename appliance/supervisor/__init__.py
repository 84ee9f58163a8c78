"""The bench supervisor: runs the unit files' ExecStart lines with their restart policy."""
