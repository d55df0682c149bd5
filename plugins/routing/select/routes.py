"""`POST /admin/route/explain`: which model a request would get, and why. It asks no model."""

from collections.abc import Callable, Container, Sequence
from typing import Any, cast

import msgspec
from litestar import Request, Response, post
from msgspec import Struct

from localai import Call, Connection, Message, NotFound, Principal, read_json
from plugins.routing.select.explain import explain
from plugins.routing.select.route import Router

PATH = "/admin/route/explain"
SCOPE = "admin:routing"
_JSON = "application/json"


class Said(Struct, kw_only=True):
    """One message of the conversation."""

    role: str
    content: str | list[dict[str, Any]] | None = None


class Ask(Struct, kw_only=True):
    """A chat request in OpenAI's format, or a prompt; other fields are passed over."""

    model: str = "auto"
    messages: list[Said] = []
    prompt: str = ""
    tools: list[dict[str, Any]] = []
    response_format: dict[str, Any] | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stream: bool = False


def routes(
    router: Router, policy_of: Callable[[str], str], policies: Container[str]
) -> Sequence[Any]:
    """Return the handler; `policy_of` returns the policy that a name leads to."""

    @post(
        PATH,
        opt={"scope": SCOPE, "body": Ask},
        media_type=_JSON,
        status_code=200,
        tags=["Routing"],
        summary="Which model a request would get, and why",
    )
    async def show(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Return the complexity, what is needed, and each candidate on each host with every term
        of its estimate. The caller's own rights count; `x-localai-max-latency` too."""
        ask = await read_json(request, Ask)
        name = policy_of(ask.model)
        if name not in policies:
            raise NotFound(
                f"'{ask.model}' is no policy: requests for it go to the model of that name",
                param="model",
            )
        call = _call(ask, request.user, Connection(cast(Any, request.scope)))
        return Response(msgspec.json.encode(await explain(router, call, name)), media_type=_JSON)

    return [show]


def _call(ask: Ask, principal: Principal, connection: Connection) -> Call:
    schema = (ask.response_format or {}).get("json_schema")
    wanted: Any = schema.get("schema") if isinstance(schema, dict) else None
    most = ask.max_completion_tokens or ask.max_tokens
    call = Call(
        kind="chat" if ask.messages else "generate",
        model=ask.model,
        stream=ask.stream,
        dialect="openai",
        request_id="explain",
        principal=principal,
        connection=connection,
        messages=tuple(_message(each) for each in ask.messages),
        prompt=ask.prompt,
        tools=tuple(ask.tools),
        format=wanted if isinstance(wanted, dict) else None,
    )
    return call.replace(options=call.options.replace(num_predict=most))


def _message(said: Said) -> Message:
    if not isinstance(said.content, list):
        return Message(role=said.role, content=said.content or "")
    texts = [str(part.get("text", "")) for part in said.content if part.get("type") == "text"]
    images = tuple("" for part in said.content if part.get("type") == "image_url")
    return Message(role=said.role, content="\n".join(texts), images=images)
