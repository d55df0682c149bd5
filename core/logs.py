"""The router's log: one line per event on standard error, JSON or for a terminal.

Prompts, answers and secrets are never written; tracebacks are, without the values in them.
"""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import msgspec
import structlog

from core.config import Log
from core.units import Secret

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure(settings: Log) -> None:
    """Set up structlog, and send what libraries log through it."""
    terminal = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if terminal:
        # The default formatter shows local variables, which may be prompts.
        plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        structlog.configure(
            processors=[*shared, _mask, plain],
            wrapper_class=structlog.make_filtering_bound_logger(LEVELS[settings.level]),
            logger_factory=structlog.WriteLoggerFactory(sys.stderr),
            cache_logger_on_first_use=True,
        )
    else:
        structlog.configure(
            processors=[
                *shared,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(serializer=_json),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(LEVELS[settings.level]),
            logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
            cache_logger_on_first_use=True,
        )
    root = logging.getLogger()
    root.handlers = [_Forward()]
    root.setLevel(logging.WARNING)


def _mask(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Mask secrets: the console would write them as the texts that they are."""
    return {key: str(value) if isinstance(value, Secret) else value for key, value in event.items()}


def _json(event: Any, **_: Any) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)


class _Forward(logging.Handler):
    """Hands a library's log records to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        level = max(each for each in LEVELS.values() if each <= max(record.levelno, 10))
        try:
            text = record.getMessage()
        except Exception:  # its arguments do not fit: no reason to fail the library's caller
            text = str(record.msg)
        structlog.get_logger(record.name).log(level, text, exc_info=record.exc_info)
