"""Two or more models, compared on real requests."""
