"""What plugins are written with: `from localai import …`."""

from core.api.body import read_json
from core.connection import Connection
from core.errors import (
    ContextTooLong,
    Forbidden,
    GatewayError,
    InternalError,
    InvalidRequest,
    ModelNotFound,
    NotFound,
    PayloadTooLarge,
    RateLimited,
    SettingsError,
    Unauthenticated,
    Unavailable,
    UnsupportedParameter,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamInvalid,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from core.gateway import Gateway
from core.hooks import hookimpl
from core.messages import (
    Call,
    Chunk,
    Chunks,
    Function,
    Handler,
    Message,
    Options,
    ToolCall,
)
from core.principal import UNCLAIMED, Budget, Limits, Principal, full_name
from core.units import Duration, Secret, Size

__all__ = [
    "UNCLAIMED",
    "Budget",
    "Call",
    "Chunk",
    "Chunks",
    "Connection",
    "ContextTooLong",
    "Duration",
    "Forbidden",
    "Function",
    "Gateway",
    "GatewayError",
    "Handler",
    "InternalError",
    "InvalidRequest",
    "Limits",
    "Message",
    "ModelNotFound",
    "NotFound",
    "Options",
    "PayloadTooLarge",
    "Principal",
    "RateLimited",
    "Secret",
    "SettingsError",
    "Size",
    "ToolCall",
    "Unauthenticated",
    "Unavailable",
    "UnsupportedParameter",
    "UpstreamBusy",
    "UpstreamFailed",
    "UpstreamInvalid",
    "UpstreamTimeout",
    "UpstreamUnreachable",
    "full_name",
    "hookimpl",
    "read_json",
]
