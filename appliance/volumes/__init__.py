"""What a disk is: volumes, durable files, and the one thread that writes to each."""
