"""How the appliance is, and what its control service does: for command, console and support bundle."""
