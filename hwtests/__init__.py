"""The rig: simulators that speak the real protocols, the demo site, and the suites that run on a bench rig."""
