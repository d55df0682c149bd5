"""What plugins are written with: `from localai import …`."""

from core.admin_command import AdminCommand, RunningRouter
from core.api.body import read_json
from core.api.dialects import send_error
from core.api.query import read_count, read_query
from core.attempt import Attempt, Cost, Work
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
from core.hours import Hours, check_apart, minute_of_day, read_hours
from core.inference import Inference, inference_of
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
from core.redact import redact
from core.response import response_of
from core.roles import (
    USUAL_PRICE,
    EnergyModel,
    PhaseWatts,
    PowerMeter,
    PowerSample,
    Prices,
    Redactor,
    WaitingLine,
)
from core.row_table import RowTable
from core.rows import RowLog
from core.table import print_table
from core.tokens import answer_tokens, prompt_tokens
from core.told_cost import four_digits
from core.trust import is_here, is_loopback
from core.units import Duration, Secret, Size
from core.usage import Usage, UsageLog
from core.value import Value

__all__ = [
    "UNCLAIMED",
    "USUAL_PRICE",
    "AdminCommand",
    "Attempt",
    "Budget",
    "BudgetSpent",
    "Caching",
    "Call",
    "Chunk",
    "Chunks",
    "Connection",
    "ContextTooLong",
    "Cost",
    "Database",
    "Decision",
    "Direction",
    "Duration",
    "EnergyModel",
    "File",
    "Forbidden",
    "Function",
    "Gateway",
    "GatewayError",
    "Handler",
    "Hours",
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
    "PhaseWatts",
    "PowerMeter",
    "PowerSample",
    "Prices",
    "Principal",
    "RateLimited",
    "Redactor",
    "RowLog",
    "RowTable",
    "RunningRouter",
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
    "UsageLog",
    "Value",
    "WaitingLine",
    "Work",
    "answer_tokens",
    "check_apart",
    "four_digits",
    "full_name",
    "hint",
    "hookimpl",
    "inference_of",
    "is_here",
    "is_loopback",
    "load_settings",
    "minute_of_day",
    "model_pattern",
    "open_database",
    "open_gateway",
    "print_table",
    "prompt_tokens",
    "read_count",
    "read_hours",
    "read_json",
    "read_query",
    "redact",
    "response_of",
    "send_error",
]
