"""The gateway itself; it knows no plugin by name."""

__version__ = "0.1.0"
