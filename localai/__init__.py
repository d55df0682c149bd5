"""What plugins are written with: `from localai import …`."""

from core.admin_client import AdminClient
from core.api.body import read_json
from core.api.dialects import send_error
from core.config import Settings
from core.config import load as load_settings
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
from core.measures import Measure
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
from core.tokens import answer_tokens, prompt_tokens
from core.trust import is_loopback
from core.units import Duration, Secret, Size
from core.usage import Usage
from core.value import Value

__all__ = [
    "UNCLAIMED",
    "AdminClient",
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
    "Measure",
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
    "Settings",
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
    "Value",
    "admin_url",
    "answer_tokens",
    "full_name",
    "hint",
    "hookimpl",
    "inference_of",
    "is_loopback",
    "load_settings",
    "model_pattern",
    "open_database",
    "open_gateway",
    "prompt_tokens",
    "read_json",
    "send_error",
]
