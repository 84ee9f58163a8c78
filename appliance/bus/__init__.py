"""Unit bus: the Mosquitto broker, its identities and access lists."""
