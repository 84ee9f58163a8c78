"""The two system slots: which one is started, and what the boot loader remembers of them. Standard library only."""
