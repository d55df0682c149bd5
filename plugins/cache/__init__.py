"""Answers that were given before. All fail open."""

MEMBERS = {"exact": "plugins.cache.exact:ExactCache"}
