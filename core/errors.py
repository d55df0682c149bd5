"""Every failure that a caller can see, as one small hierarchy.

    GatewayError
    ├── InvalidRequest 400 ── UnsupportedParameter, ContextTooLong, Misdirected 421
    ├── Unauthenticated 401      Forbidden 403
    ├── NotFound 404 ── ModelNotFound
    ├── MethodNotAllowed 405     PayloadTooLarge 413     UnsupportedMediaType 415
    ├── RateLimited 429 ── BudgetSpent
    ├── InternalError 500        UpstreamFailed 5xx ── UpstreamInvalid 502, UpstreamTimeout 504
    └── Unavailable 503 ── UpstreamUnreachable, UpstreamBusy, PluginFailed, ShuttingDown
    SettingsError: the file, a plugin or the start is wrong; for the operator, never for a caller

Messages reach callers: they say what to do next and hold nothing internal.
"""

import math
from typing import ClassVar


class GatewayError(Exception):
    """A failure with an HTTP status; `message` is safe to send.

    `retry` says whether sending the same request again can help: `None` leaves it to the client.
    """

    status: ClassVar[int] = 500
    type: ClassVar[str] = "server_error"
    default_code: ClassVar[str | None] = None
    retry: ClassVar[bool | None] = None

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code or self.default_code
        self.retry_after = retry_after
        """Seconds after which another try makes sense."""

    def headers(self) -> dict[str, str]:
        """Return the headers that tell clients whether and when to try again."""
        headers = {}
        if self.retry_after is not None:
            headers["retry-after"] = str(math.ceil(self.retry_after))
            headers["retry-after-ms"] = str(math.ceil(self.retry_after * 1000))
        # openai clients give up on waits of over a minute by themselves, but only newer ones.
        if self.retry is False or (self.retry_after or 0) > 60:
            headers["x-should-retry"] = "false"
        return headers


class InvalidRequest(GatewayError):
    """The request itself is wrong."""

    status = 400
    type = "invalid_request_error"
    retry = False


class UnsupportedParameter(InvalidRequest):
    """The request asks for something that this gateway will not pretend to do."""

    default_code = "unsupported_parameter"


class ContextTooLong(InvalidRequest):
    """The prompt does not fit the model's context."""

    default_code = "context_length_exceeded"


class Misdirected(InvalidRequest):
    """The request names a host that this gateway does not answer to."""

    status = 421
    default_code = "misdirected_request"


class Unauthenticated(GatewayError):
    """No valid credential came with the request."""

    status = 401
    type = "invalid_request_error"
    default_code = "invalid_api_key"
    retry = False
    challenge: ClassVar[str] = "Bearer"
    """What the answer's `www-authenticate` says."""

    def headers(self) -> dict[str, str]:
        """Add the challenge that RFC 9110 §11.6.1 asks of every 401."""
        return super().headers() | {"www-authenticate": self.challenge}


class Forbidden(GatewayError):
    """The caller is known, and may not do this."""

    status = 403
    type = "invalid_request_error"
    default_code = "insufficient_permissions"
    retry = False


class NotFound(GatewayError):
    """There is no such thing here."""

    status = 404
    type = "invalid_request_error"
    default_code = "not_found"
    retry = False


class ModelNotFound(NotFound):
    """The model is not here; the message says how to get it."""

    default_code = "model_not_found"


class MethodNotAllowed(GatewayError):
    """The path exists, for another method."""

    status = 405
    type = "invalid_request_error"
    retry = False

    def __init__(self, message: str, *, allow: str) -> None:
        super().__init__(message)
        self.allow = allow

    def headers(self) -> dict[str, str]:
        """Name the methods that are allowed."""
        return super().headers() | {"allow": self.allow}


class PayloadTooLarge(GatewayError):
    """The body is above the limit."""

    status = 413
    type = "invalid_request_error"
    retry = False


class UnsupportedMediaType(GatewayError):
    """The body is not JSON, or is compressed."""

    status = 415
    type = "invalid_request_error"
    retry = False


class RateLimited(GatewayError):
    """The caller has used up a limit."""

    status = 429
    type = "requests"
    default_code = "rate_limit_exceeded"


class BudgetSpent(RateLimited):
    """The caller has used up a budget; only its next period mends that."""

    type = "insufficient_quota"
    default_code = "insufficient_quota"
    retry = False


class InternalError(GatewayError):
    """A fault of the gateway itself; the details are in its log only."""

    status = 500


class UpstreamFailed(GatewayError):
    """Ollama answered with a failure of its own; its status is passed on."""

    def __init__(self, message: str, *, status: int = 500, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.status = status  # type: ignore[misc]


class UpstreamInvalid(UpstreamFailed):
    """What came back is not an answer of Ollama's, or stopped in the middle."""

    def __init__(self, message: str) -> None:
        super().__init__(message, status=502)


class UpstreamTimeout(UpstreamFailed):
    """One of the four clocks ran out; the message says which."""

    def __init__(self, message: str) -> None:
        super().__init__(message, status=504, code="timeout")


class Unavailable(GatewayError):
    """The gateway can't serve this now."""

    status = 503
    type = "service_unavailable_error"


class UpstreamUnreachable(Unavailable):
    """No Ollama answers."""

    default_code = "ollama_unreachable"


class UpstreamBusy(Unavailable):
    """Ollama's own queue is full."""

    default_code = "server_is_overloaded"


class PluginFailed(Unavailable):
    """A plugin that fails closed crashed; its name is in the log, not in the answer."""

    default_code = "plugin_failed"

    def __init__(self, plugin: str) -> None:
        super().__init__(
            "this request could not be checked and was not served; the gateway's log says why"
        )
        self.plugin = plugin


class ShuttingDown(Unavailable):
    """The gateway is draining."""

    default_code = "shutting_down"


class SettingsError(Exception):
    """The configuration, a plugin or the start is wrong; the text is one clear message."""
