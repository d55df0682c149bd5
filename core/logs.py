"""The router's log: one line per event on standard error, JSON or for a terminal.

Prompts, answers and secrets are never written; tracebacks are, without the values in them. No line
waits for whoever reads them; to keep and to rotate them is the platform's.
"""

import logging
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Any, BinaryIO, TextIO, cast

import msgspec
import structlog

from core.config import Log
from core.errors import GatewayError, SettingsError
from core.log_writer import LineWriter
from core.redact import redact
from core.units import Secret

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure(settings: Log) -> None:
    """Set up structlog, and send what libraries log through it."""
    terminal = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    processors: list[Any]
    factory: Any
    writer = LineWriter(sys.stderr.buffer, _dropped)
    if terminal:
        processors = [
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _render_exception,
            _mask,
            structlog.dev.ConsoleRenderer(),
        ]
        factory = structlog.WriteLoggerFactory(cast(TextIO, _Text(writer)))
    else:
        processors = [_json]
        factory = structlog.BytesLoggerFactory(cast(BinaryIO, writer))
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[settings.level]),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_Forward()]
    root.setLevel(logging.WARNING)


class _Text:
    """A text file over the writer."""

    def __init__(self, writer: LineWriter) -> None:
        self._writer = writer

    def write(self, text: str) -> None:
        self._writer.write(text.encode(errors="backslashreplace"))

    def flush(self) -> None:
        self._writer.flush()


def _dropped(count: int) -> None:
    structlog.get_logger("log").warning(
        "lines of the log were dropped, as nobody read them in time", count=count
    )


def _frames(exc_info: Any) -> str:
    """Return where an exception came from, without its text unless that is one of ours.

    The text of any other may hold what a caller sent: `int(prompt)` quotes the prompt.
    """
    lines: list[str] = []
    error: BaseException | None = exc_info[1]
    while error is not None:
        is_ours = isinstance(error, GatewayError | SettingsError)
        name = type(error).__name__
        lines.insert(0, f"{name}: {error}" if is_ours else name)
        lines.insert(0, "".join(traceback.format_tb(error.__traceback__)).rstrip())
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(("Traceback (most recent call last):", *filter(None, lines)))


def _mask(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Mask secrets, and keys in other texts; of a key its public part stays."""
    for name, value in event.items():
        if isinstance(value, str):
            # Of a secret, the console would write the text that it is.
            event[name] = str(value) if isinstance(value, Secret) else redact(value)
    return event


_render_exception = structlog.processors.ExceptionRenderer(_frames)
_encoder = msgspec.json.Encoder(enc_hook=str)  # of a secret, that is its mask


def _json(logger: Any, method: str, event: MutableMapping[str, Any]) -> bytes:
    """Return an event as JSON, masked as a whole; one step, as each request has its line."""
    structlog.processors.add_log_level(logger, method, event)
    event["timestamp"] = datetime.now(UTC)
    if "exc_info" in event:
        event = _render_exception(logger, method, event)
    line = _encoder.encode(event)
    if b"lai_" in line or b"eyJ" in line:
        # What is cut holds no quote and no backslash: it is JSON as before.
        line = redact(line.decode()).encode()
    return line


class _Forward(logging.Handler):
    """Hands a library's log records to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        level = max(each for each in LEVELS.values() if each <= max(record.levelno, 10))
        try:
            text = record.getMessage()
        except Exception:  # its arguments do not fit: no reason to fail the library's caller
            text = str(record.msg)
        structlog.get_logger(record.name).log(level, text, exc_info=record.exc_info)
