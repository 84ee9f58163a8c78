"""A rig: a recorder under test with its disks, lines and power, on a bench or in QEMU; the suites do not see which."""
