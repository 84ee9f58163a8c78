"""The machine below the units: its data partition, identity and network, and the one program with privileges."""
