"""Unit updates: takes signed bundles from a file or a source, checks them, and has RAUC install them."""
