"""What plugins are written with: `from localai import …`."""

from core.api.body import read_json
from core.api.dialects import send_error
from core.connection import Connection
from core.database import Database, open_database
from core.errors import (
    BudgetSpent,
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
from core.principal import UNCLAIMED, Budget, Limits, Period, Principal, Unit, full_name
from core.units import Duration, Secret, Size
from core.usage import Usage

__all__ = [
    "UNCLAIMED",
    "Budget",
    "BudgetSpent",
    "Call",
    "Chunk",
    "Chunks",
    "Connection",
    "ContextTooLong",
    "Database",
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
    "Period",
    "Principal",
    "RateLimited",
    "Secret",
    "SettingsError",
    "Size",
    "ToolCall",
    "Unauthenticated",
    "Unavailable",
    "Unit",
    "UnsupportedParameter",
    "UpstreamBusy",
    "UpstreamFailed",
    "UpstreamInvalid",
    "UpstreamTimeout",
    "UpstreamUnreachable",
    "Usage",
    "full_name",
    "hookimpl",
    "open_database",
    "read_json",
    "send_error",
]
