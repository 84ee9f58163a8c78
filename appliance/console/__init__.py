"""The menu on the appliance's screen and serial line."""
