"""A page at /ui that shows what the router does."""
