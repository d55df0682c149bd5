"""A day of mixed traffic on a simulated Strix Halo; run `python -m benchmarks.routing_sim`."""
