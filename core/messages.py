"""What flows through the chain: a `Call` goes in, `Chunk`s come out.

The shapes are Ollama's own (its protocol is uniform: a plain answer is a stream of one chunk),
so a `Message` encodes to the wire almost as it is. All are immutable; `replace()` makes a changed
copy.
"""

from collections.abc import AsyncGenerator, Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from core.attempt import Cost, Work
from core.decisions import Decision
from core.principal import Principal
from core.value import Value

if TYPE_CHECKING:
    from core.connection import Connection

Kind = Literal["chat", "generate", "embed"]
Dialect = Literal["openai", "ollama"]


class Function(Value, frozen=True, kw_only=True):
    """The function that a tool call names; `arguments` is an object, never JSON text."""

    name: str
    arguments: dict[str, Any]
    index: int = 0


class ToolCall(Value, frozen=True, kw_only=True):
    """A model's wish to have a function called."""

    id: str = ""
    function: Function


class File(Value, frozen=True, kw_only=True):
    """A file that came with a message, as its caller describes it.

    Ollama takes none: a plugin makes it text or an image, or the request is refused.
    """

    data: str
    """Base64 without a data-URI prefix."""
    name: str = ""
    media_type: str = ""
    """In lower case; empty where the caller declares none."""


class Message(Value, frozen=True, kw_only=True):
    """One turn of a conversation; `images` are base64 without a data-URI prefix."""

    role: str
    content: str
    thinking: str = ""
    images: tuple[str, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_name: str = ""
    tool_call_id: str = ""
    image_types: tuple[str, ...] = ()
    """What each image is declared as, such as `image/png`; for plugins, as Ollama takes none."""
    files: tuple[File, ...] = ()


class Options(Value, frozen=True, kw_only=True):
    """Sampling and runner options by Ollama's names; `None` leaves the model's own default."""

    num_ctx: int | None = None
    num_batch: int | None = None
    num_gpu: int | None = None
    main_gpu: int | None = None
    use_mmap: bool | None = None
    num_thread: int | None = None
    draft_num_predict: int | None = None
    num_keep: int | None = None
    seed: int | None = None
    num_predict: int | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    typical_p: float | None = None
    repeat_last_n: int | None = None
    temperature: float | None = None
    repeat_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: tuple[str, ...] | None = None


Tag = Annotated[str, Meta(min_length=1, max_length=64)]


class Caching(Value, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """What a request wants of caches: the `cache` object of its body, with `-` for `_`."""

    no_cache: bool = False
    """Ask the model, also when its answer is known; the new answer is kept."""
    no_store: bool = False
    """Ask the model, and keep nothing."""
    max_age: Annotated[int, Meta(ge=0)] | None = None
    """Age in seconds above which a kept answer will not do."""
    ttl: Annotated[int, Meta(ge=0)] | None = None
    """Seconds to keep the answer, if that is less than it would be kept anyway."""
    tags: Annotated[tuple[Tag, ...], Meta(max_length=8)] = ()
    """Names by which the answer can be removed."""


class Call(Value, frozen=True, kw_only=True):
    """One inference request, whichever wire format it came in."""

    kind: Kind
    model: str
    stream: bool
    dialect: Dialect
    request_id: str
    principal: Principal
    user: str = ""
    """For whom the caller asks, as OpenAI's `user` says: their own word, which proves nothing."""
    connection: "Connection | None" = None
    """The HTTP request that it came by: address and headers; `None` for a plugin's own call."""
    host: str = ""
    """The Ollama that is to answer, one of `gateway.hosts.urls`; empty takes one that answers."""
    options: Options = Options()
    keep_alive: float | str | None = None
    """Seconds, or a Go duration such as `5m`; how long the model stays loaded afterwards."""
    format: str | dict[str, Any] | None = None
    """`"json"` or a JSON schema."""
    think: bool | str | None = None
    logprobs: bool = False
    top_logprobs: int = 0
    truncate: bool | None = None
    shift: bool | None = None
    cache: Caching = Caching()

    messages: tuple[Message, ...] = ()
    """The conversation of a `chat` call."""
    tools: tuple[dict[str, Any], ...] = ()

    prompt: str = ""
    """The text of a `generate` call, and the fields below that only it has."""
    suffix: str = ""
    system: str = ""
    template: str = ""
    context: tuple[int, ...] = ()
    raw: bool = False
    images: tuple[str, ...] = ()

    inputs: tuple[str, ...] = ()
    """The texts of an `embed` call."""
    dimensions: int | None = None

    headers: dict[str, str] = msgspec.field(default_factory=dict)
    """Headers for the answer, shared by all copies; what is set before the first chunk is sent.

    Later ones that begin with `x-localai-` follow a stream as trailers, for clients that take them.
    """
    decisions: list[Decision] = msgspec.field(default_factory=list)
    """What guards decided about it and its answer, shared by all copies."""
    work: Work = msgspec.field(default_factory=Work)
    """What models did for it, shared by all copies."""

    @property
    def loads_only(self) -> bool:
        """Whether this call only loads or unloads its model, as Ollama reads an empty request."""
        if self.kind == "chat":
            return not self.messages
        return self.kind == "generate" and not self.prompt

    def apart(self, **changes: Any) -> "Call":
        """Return a copy that is a call of its own: it shares no header, decision or work."""
        return self.replace(headers={}, decisions=[], work=Work(), **changes)

    def texts(self) -> Iterator[str]:
        """Yield every text of the request that a model will read, in order."""
        if self.kind == "embed":
            yield from self.inputs
            return
        yield from (text for text in (self.system, self.prompt, self.suffix) if text)
        yield from (message.content for message in self.messages)


class Chunk(Value, frozen=True, kw_only=True, gc=False):
    """One piece of an answer. Durations are nanoseconds, as Ollama counts them.

    The last chunk has `done` set, and only it has counts and durations.
    """

    content: str = ""
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: tuple[dict[str, Any], ...] = ()
    embeddings: tuple[tuple[float, ...], ...] = ()
    context: tuple[int, ...] = ()
    model: str = ""
    created_at: str = ""
    done: bool = False
    done_reason: str = ""
    total_duration: int = 0
    load_duration: int = 0
    prompt_eval_count: int = 0
    prompt_eval_duration: int = 0
    eval_count: int = 0
    eval_duration: int = 0
    cost: Cost | None = None
    """What the answer took; of a kept answer, what it took the first time."""
    saved: Cost | None = None
    """What a caller's answer did not take, because it was known already."""


Chunks = AsyncGenerator[Chunk, None]
"""An answer as it comes: what a handler makes with `async def` and `yield`."""

Handler = Callable[[Call], Chunks]
"""What answers a call; `around_inference` wraps one in another."""
