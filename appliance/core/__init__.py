"""What every unit stands on: clock, errors, events, tasks, bus, configuration. Imports nothing of ours."""
