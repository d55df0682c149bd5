"""What the embedded engine reads: request bodies, and what it refuses in Ollama's own words.

The texts and statuses are those of Ollama's server/routes.go and server/sched.go at v0.33.
"""

import re
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from core.embedded_models import EMBED, GUIDE, Model, find
from core.principal import full_name

KEEP_ALIVE = 300.0
"""Seconds that a model stays when a request does not say; Ollama's own default."""

MAX_INPUTS = 2_048
"""Texts in one request for embeddings; as many as OpenAI takes."""
MAX_TEXT = 4 * EMBED.context_length
"""Characters of one of them."""

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_DURATION = re.compile(rf"[-+]?(?:{_PART.pattern})+")
_NAME = re.compile(r"(?:[\w.:-]{1,350}/)?(?:[\w.-]{1,80}/)?[\w.-]{1,80}(?::[\w.-]{1,80})?")
_PIECE = re.compile(r"\s*\S+|\s+")


class Refusal(Exception):
    """A request that is answered by an error, before any other byte."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class Options(Struct):
    """The options that mean something to a model that does not sample."""

    num_predict: int | None = None
    stop: list[str] | None = None

    def pieces(self, text: str) -> tuple[list[str], str]:
        """Return the words of an answer, cut as asked, and the reason why it ends there."""
        ends = [at for stop in self.stop or () if stop and (at := text.find(stop)) >= 0]
        words = _PIECE.findall(text[: min(ends, default=len(text))])
        if self.num_predict is not None and 0 < self.num_predict <= len(words):
            return words[: self.num_predict], "length"
        return words, "stop"


class Body(Struct, kw_only=True):
    """What every request may have."""

    model: str | None = None
    keep_alive: float | str | None = None
    options: Options | None = None

    def seconds(self) -> float:
        """Return how long the model is to stay; raise `Refusal` for what is no duration."""
        value = self.keep_alive
        if value is None:
            return KEEP_ALIVE
        if not isinstance(value, str):
            return value
        if value in ("0", "+0", "-0"):
            return 0.0
        if not _DURATION.fullmatch(value):
            fault = "missing unit in" if re.fullmatch(r"[-+]?\d+", value) else "invalid"
            raise Refusal(400, f'time: {fault} duration "{value[:80]}"')
        length = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))
        return -length if value.startswith("-") else length


class _Inference(Body, kw_only=True):
    stream: bool | None = None
    format: str | dict[str, Any] | None = None
    think: bool | str | None = None


class Message(Struct):
    """One turn of a conversation."""

    role: str = ""
    content: str | None = None
    images: list[str] | None = None


class Chat(_Inference, kw_only=True):
    """The body of /api/chat."""

    messages: list[Message] | None = None
    tools: list[Any] | None = None

    def texts(self) -> list[str]:
        """Return all texts, in order; none asks only to load the model, or to unload it."""
        return [message.content or "" for message in self.messages or ()]

    def question(self) -> str:
        """Return the last text of the user's."""
        said = [turn.content or "" for turn in self.messages or () if turn.role.lower() == "user"]
        return said[-1] if said else ""

    def needs(self) -> str | None:
        """Name a capability that the request needs beyond text."""
        if self.tools:
            return "tools"
        return "vision" if any(message.images for message in self.messages or ()) else None

    @staticmethod
    def said(text: str) -> dict[str, Any]:
        """Return the part of an answer that holds its text."""
        return {"message": {"role": "assistant", "content": text}}


class Generate(_Inference, kw_only=True):
    """The body of /api/generate."""

    prompt: str | None = None
    suffix: str | None = None
    images: list[str] | None = None

    def texts(self) -> list[str]:
        """Return all texts; none asks only to load the model, or to unload it."""
        return [self.prompt] if self.prompt else []

    def question(self) -> str:
        """Return the prompt."""
        return self.prompt or ""

    def needs(self) -> str | None:
        """Name a capability that the request needs beyond text."""
        if self.suffix:
            return "insert"
        return "vision" if self.images else None

    @staticmethod
    def said(text: str) -> dict[str, Any]:
        """Return the part of an answer that holds its text."""
        return {"response": text}


class Embed(Body, kw_only=True):
    """The body of /api/embed."""

    input: Any = None
    truncate: bool | None = None
    dimensions: int | None = None

    def texts(self) -> list[str]:
        """Return the texts to embed; raise `Refusal` for anything else, token lists too."""
        if self.input is None or self.input == "":
            return []
        texts = self.input if isinstance(self.input, list) else [self.input]
        if not all(isinstance(text, str) for text in texts):
            raise Refusal(400, "invalid input type")
        if len(texts) > MAX_INPUTS:
            raise Refusal(400, f"too many inputs: send at most {MAX_INPUTS} at once")
        if self.truncate is False and any(len(text) > MAX_TEXT for text in texts):
            raise Refusal(400, "the input length exceeds the context length")
        return [text[:MAX_TEXT] for text in texts]


class Embeddings(Body, kw_only=True):
    """The body of the older /api/embeddings."""

    prompt: str | None = None


class Show(Body, kw_only=True):
    """The body of /api/show; `name` is the old word for `model`, which some clients still use."""

    name: str | None = None


_Form = TypeVar("_Form", bound=Body)


def decode(data: bytes, form: type[_Form]) -> _Form:
    """Read a body; raise `Refusal` when it is not JSON of this form."""
    if not data or data.isspace():
        raise Refusal(400, "missing request body")
    try:
        return msgspec.json.decode(data, type=form)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Refusal(400, str(error)) from None
    except RecursionError:
        raise Refusal(400, "the request is nested too deeply") from None


def wanted(body: Body) -> Model:
    """Return the model that a request names; raise `Refusal` as the endpoint words it."""
    name = body.model or (body.name if isinstance(body, Show) else None) or ""
    if not name and not isinstance(body, Generate | Embed):
        raise Refusal(400, "model is required")
    if name and not _NAME.fullmatch(name):
        raise Refusal(400, "invalid model name")
    if model := find(name):
        return model
    if name and isinstance(body, Embed | Embeddings):
        raise Refusal(404, f'model "{name}" not found, try pulling it first')
    if isinstance(body, Show):
        name = full_name(name)
    raise Refusal(404, f"model '{name}' not found")


def check(body: Chat | Generate) -> None:
    """Raise `Refusal` for what the guide can't do."""
    if need := body.needs():
        raise Refusal(
            400, f"registry.ollama.ai/library/{GUIDE.name}:latest does not support {need}"
        )
    if body.think:
        raise Refusal(400, f'"{body.model}" does not support thinking')
    if isinstance(body.format, dict):
        raise Refusal(
            400,
            f'"{body.model}" does not support a JSON schema as format: '
            'it is a built-in guide and knows only "json"',
        )
    if body.format not in (None, "", "json"):
        raise Refusal(
            400, f'invalid format: "{body.format[:80]}"; expected "json" or a JSON schema'
        )
