"""The request bodies that Ollama's native API reads, field by field."""

from tests.double.decode import (
    Struct,
    anything,
    boolean,
    data,
    duration,
    integer,
    list_of,
    mapping,
    text,
    think,
)

TOOL_CALL = Struct(
    "ToolCall",
    {
        "id": text,
        "function": Struct(
            "ToolCallFunction",
            {"index": integer, "name": text, "arguments": mapping},
            "api.ToolCallFunction",
        ),
    },
    "api.ToolCall",
)

TOOL = Struct(
    "Tool",
    {
        "type": text,
        "items": anything,
        "function": Struct(
            "ToolFunction",
            {"name": text, "description": text, "parameters": mapping},
            "api.ToolFunction",
        ),
    },
    "api.Tool",
)

MESSAGE = Struct(
    "Message",
    {
        "role": text,
        "content": text,
        "thinking": text,
        "images": list_of(data, "api.ImageData"),
        "tool_calls": list_of(TOOL_CALL, "api.ToolCall"),
        "tool_name": text,
        "tool_call_id": text,
    },
    "api.Message",
    own=True,
)

_RUN = {
    "model": text,
    "stream": boolean,
    "format": anything,
    "keep_alive": duration,
    "options": mapping,
    "think": think,
    "truncate": boolean,
    "shift": boolean,
    "logprobs": boolean,
    "top_logprobs": integer,
    "_debug_render_only": boolean,
}

CHAT = Struct(
    "ChatRequest",
    {
        **_RUN,
        "messages": list_of(MESSAGE, "api.Message"),
        "tools": list_of(TOOL, "api.Tool"),
    },
)

GENERATE = Struct(
    "GenerateRequest",
    {
        **_RUN,
        "prompt": text,
        "suffix": text,
        "system": text,
        "template": text,
        "context": list_of(integer, "int"),
        "raw": boolean,
        "images": list_of(data, "api.ImageData"),
    },
)

EMBED = Struct(
    "EmbedRequest",
    {
        "model": text,
        "input": anything,
        "keep_alive": duration,
        "truncate": boolean,
        "dimensions": integer,
        "options": mapping,
    },
)

EMBEDDINGS = Struct(
    "EmbeddingRequest",
    {"model": text, "prompt": text, "keep_alive": duration, "options": mapping},
)

SHOW = Struct(
    "ShowRequest",
    {"model": text, "name": text, "system": text, "verbose": boolean, "options": mapping},
)

PULL = Struct("PullRequest", {"model": text, "name": text, "insecure": boolean, "stream": boolean})

PUSH = Struct("PushRequest", {"model": text, "name": text, "insecure": boolean, "stream": boolean})

CREATE = Struct(
    "CreateRequest",
    {
        "model": text,
        "name": text,
        "stream": boolean,
        "from": text,
        "files": mapping,
        "adapters": mapping,
        "template": text,
        "license": anything,
        "system": text,
        "parameters": mapping,
        "messages": list_of(MESSAGE, "api.Message"),
        "quantize": text,
        "renderer": text,
        "parser": text,
        "requires": text,
        "info": mapping,
    },
)

DELETE = Struct("DeleteRequest", {"model": text, "name": text})

COPY = Struct("CopyRequest", {"source": text, "destination": text})
