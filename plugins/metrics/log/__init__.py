"""One line per request."""
