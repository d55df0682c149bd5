"""The command line: `localai serve|check|plugins|reload|version`, and what plugins add."""

from core.cli.main import main

__all__ = ["main"]
