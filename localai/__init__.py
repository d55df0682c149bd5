"""What plugins are written with: `from localai import …`."""

from core.api.body import read_json
from core.api.dialects import send_error
from core.connection import Connection
from core.database import Database, open_database
from core.decisions import Decision, Direction
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
from core.explain import hint
from core.gateway import Gateway, open_gateway
from core.hooks import hookimpl
from core.inference import Inference, inference_of
from core.listen import admin_url
from core.listing import Lister, Listing, Models
from core.messages import (
    Caching,
    Call,
    Chunk,
    Chunks,
    File,
    Function,
    Handler,
    Message,
    Options,
    ToolCall,
)
from core.principal import (
    UNCLAIMED,
    Budget,
    Limits,
    Period,
    Principal,
    Unit,
    full_name,
    model_pattern,
)
from core.row_table import RowTable
from core.rows import RowLog
from core.units import Duration, Secret, Size
from core.usage import Usage

__all__ = [
    "UNCLAIMED",
    "Budget",
    "BudgetSpent",
    "Caching",
    "Call",
    "Chunk",
    "Chunks",
    "Connection",
    "ContextTooLong",
    "Database",
    "Decision",
    "Direction",
    "Duration",
    "File",
    "Forbidden",
    "Function",
    "Gateway",
    "GatewayError",
    "Handler",
    "Inference",
    "InternalError",
    "InvalidRequest",
    "Limits",
    "Lister",
    "Listing",
    "Message",
    "ModelNotFound",
    "Models",
    "NotFound",
    "Options",
    "PayloadTooLarge",
    "Period",
    "Principal",
    "RateLimited",
    "RowLog",
    "RowTable",
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
    "admin_url",
    "full_name",
    "hint",
    "hookimpl",
    "inference_of",
    "model_pattern",
    "open_database",
    "open_gateway",
    "read_json",
    "send_error",
]
