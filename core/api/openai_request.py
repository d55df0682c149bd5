"""What OpenAI's clients send, as Structs. Unknown fields are accepted and dropped."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from core.messages import Caching

MAX_MESSAGES = 2048
MAX_INPUTS = 2048

Penalty = Annotated[float, Meta(ge=-2, le=2)]
Seed = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Tokens = Annotated[int, Meta(ge=1, le=1_000_000)]
Stop = str | Annotated[list[str], Meta(max_length=4)]


class _Request(Struct, kw_only=True):
    pass


class TextPart(_Request, tag_field="type", tag="text"):
    """A part of a message that is text."""

    text: str


class ImageUrl(_Request):
    """Where an image is; only data URIs are read."""

    url: str


class ImagePart(_Request, tag_field="type", tag="image_url"):
    """A part of a message that is an image."""

    image_url: ImageUrl


class FileContent(_Request):
    """A file: its content is a data URI, or bare base64."""

    filename: str | None = None
    file_data: str | None = None
    file_id: str | None = None


class FilePart(_Request, tag_field="type", tag="file"):
    """A part of a message that is a file."""

    file: FileContent


class InputFilePart(_Request, tag_field="type", tag="input_file"):
    """A file as the Responses API spells it; read only to say how to spell it here."""


class RefusalPart(_Request, tag_field="type", tag="refusal"):
    """A part of an earlier answer in which the model refused."""

    refusal: str


Part = TextPart | ImagePart | FilePart | InputFilePart | RefusalPart


class CalledFunction(_Request):
    """A function call of an earlier answer; `arguments` is JSON text."""

    name: str
    arguments: str = "{}"


class RequestToolCall(_Request):
    """A tool call of an earlier answer."""

    function: CalledFunction
    id: str = ""
    type: Literal["function"] = "function"


class RequestMessage(_Request):
    """One message of the conversation."""

    role: Literal["developer", "system", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None
    name: str | None = None
    tool_calls: list[RequestToolCall] | None = None
    tool_call_id: str | None = None
    reasoning: str | None = None
    reasoning_content: str | None = None


class ToolFunction(_Request, omit_defaults=True):
    """A function that the model may call; `parameters` is a JSON schema."""

    name: Annotated[str, Meta(min_length=1, max_length=256)]
    description: str | None = None
    parameters: dict[str, Any] | None = None


class Tool(_Request):
    """A tool that the model may use."""

    type: Literal["function"]
    function: ToolFunction


class JsonSchema(_Request):
    """A named JSON schema."""

    schema: dict[str, Any] | None = None
    name: str | None = None


class ResponseFormat(_Request):
    """The form that the answer must have."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class StreamOptions(_Request):
    """Whether the stream ends with the usage."""

    include_usage: bool | None = None


class Reasoning(_Request):
    """How much the model shall think; the nested spelling of `reasoning_effort`."""

    effort: str | None = None


class Sampling(_Request, kw_only=True):
    """What chat and text completions have in common."""

    model: str
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_tokens: Tokens | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    seed: Seed | None = None
    stop: Stop | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    n: Annotated[int, Meta(ge=1, le=128)] | None = None
    cache: Caching | None = None
    logit_bias: dict[str, float] | None = None
    user: Any = None
    safety_identifier: Any = None

    @property
    def wants_usage(self) -> bool:
        """Whether a stream shall end with its token counts."""
        return bool(self.stream_options and self.stream_options.include_usage)


class ChatRequest(Sampling, kw_only=True):
    """The body of `POST /v1/chat/completions`."""

    messages: Annotated[list[RequestMessage], Meta(min_length=1, max_length=MAX_MESSAGES)]
    max_completion_tokens: Tokens | None = None
    response_format: ResponseFormat | None = None
    tools: Annotated[list[Tool], Meta(max_length=512)] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    reasoning_effort: str | None = None
    reasoning: Reasoning | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    modalities: list[str] | None = None
    functions: list[Any] | None = None
    function_call: Any = None


class CompletionRequest(Sampling, kw_only=True):
    """The body of `POST /v1/completions`."""

    prompt: str | list[Any]
    suffix: str | None = None
    logprobs: Annotated[int, Meta(ge=0, le=20)] | None = None
    echo: bool | None = None
    best_of: Annotated[int, Meta(ge=1)] | None = None


class EmbeddingRequest(_Request):
    """The body of `POST /v1/embeddings`."""

    model: str
    input: str | Annotated[list[Any], Meta(min_length=1, max_length=MAX_INPUTS)]
    encoding_format: Literal["float", "base64"] | None = None
    cache: Caching | None = None
    dimensions: Annotated[int, Meta(ge=1, le=65_536)] | None = None
