"""Side-by-side measurements of the router and its peers; run `python -m benchmarks`."""
