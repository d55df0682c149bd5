"""Model names: `[host/][namespace/]model[:tag]` with Ollama's defaults and suffixes."""

import re
from dataclasses import dataclass

from tests.double.go import quote

HOST, NAMESPACE, TAG = "registry.ollama.ai", "library", "latest"
MISSING = "!MISSING!"

_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}")
_NAMESPACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}")
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")


class NoNameError(ValueError):
    """The request names no model."""


class BadNameError(ValueError):
    """The text is not a model name."""


class BothSourcesError(ValueError):
    """The name asks for a local and a cloud model at once."""


@dataclass(frozen=True, slots=True)
class Name:
    """A complete model name."""

    host: str
    namespace: str
    model: str
    tag: str

    def __str__(self) -> str:
        return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"

    @property
    def key(self) -> str:
        """The name that all spellings of one model share: matching ignores case."""
        return str(self).lower()

    @property
    def short(self) -> str:
        """The shortest form, always with a tag."""
        if self.host.lower() != HOST:
            return str(self)
        prefix = "" if self.namespace.lower() == NAMESPACE else f"{self.namespace}/"
        return f"{prefix}{self.model}:{self.tag}"

    @property
    def valid(self) -> bool:
        """Whether every part follows Ollama's grammar."""
        return bool(
            _HOST.fullmatch(self.host)
            and _NAMESPACE.fullmatch(self.namespace)
            and _PART.fullmatch(self.model)
            and _PART.fullmatch(self.tag)
        )


@dataclass(frozen=True, slots=True)
class Reference:
    """A name as a request gives it; `cloud` means that Ollama would send the request away."""

    name: Name
    cloud: bool = False


def parse(text: str) -> Name:
    """Split a text and fill in the defaults; the result may be invalid."""
    tag = ""
    if text.rfind(":") > text.rfind("/"):
        text, tag = _cut(text, ":")
    parts = text.split("/")
    model = parts.pop() if len(parts) == 1 else parts.pop() or MISSING
    namespace = (parts.pop() or MISSING) if parts else NAMESPACE
    host = "/".join(parts).rpartition("://")[2] or MISSING if parts else HOST
    return Name(host, namespace, model, tag or TAG)


def refer(text: str) -> Reference:
    """Read a request's model field; raise one of this module's errors when it is no name."""
    text = text.strip()
    if not text:
        raise NoNameError("model is required")
    base, source = _source(text)
    if source and text.lower().endswith((":cloud", ":local")) and _source(base)[1]:
        raise BothSourcesError(f"use either :local or :cloud, not both: {quote(text)}")
    name = parse(base)
    if not name.valid:
        raise BadNameError("invalid model name")
    return Reference(name, source == "cloud")


def _cut(text: str, separator: str) -> tuple[str, str]:
    before, _, after = text.rpartition(separator)
    return before or MISSING, after or MISSING


def _source(text: str) -> tuple[str, str]:
    base, colon, suffix = text.rpartition(":")
    word = suffix.strip().lower()
    if colon and word in ("cloud", "local"):
        return base, word
    if colon and "/" not in word and word.endswith("-cloud"):
        return f"{base}:{suffix.strip()[: -len('-cloud')]}", "cloud"
    return text, ""
