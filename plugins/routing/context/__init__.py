"""Does it fit: the context that models are loaded with, and requests that are too long for it."""
