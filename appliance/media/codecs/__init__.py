"""Parameter sets and configuration records of the codings we receive."""
