"""What a disk is: identity, durable files, a worker thread per volume."""
