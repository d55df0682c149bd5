"""`python -m core.cli` is `localai`."""

from core.cli.main import main

main()
