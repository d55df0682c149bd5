"""The gateway itself; it knows no plugin by name."""

import sys

__version__ = "0.1.0"

if "rich" not in sys.modules:
    # structlog imports rich where it is installed, for tracebacks that we never write: with the
    # values of variables, which hold prompts. Without it every router is 5 MB smaller.
    sys.modules["rich"] = None  # type: ignore[assignment]
    import structlog.dev  # noqa: F401

    del sys.modules["rich"]
