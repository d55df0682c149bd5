"""Snapshots of a busy box, as the router would send them."""

import math
from typing import Any

GIB = 1024**3
NOW = 1_795_000_000
"""The time of the first snapshot, in Unix seconds."""

EVIL = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
"""A name that would run, if it ever became HTML."""


def session(**changes: Any) -> dict[str, Any]:
    """Return who asks: somebody who may do everything."""
    can = {"see": True, "switch": True, "chat": True, "callers": True}
    can.update(changes.pop("can", {}))
    return {
        "caller": "key:7hQ2mX",
        "name": "anna",
        "scopes": ["*"],
        "anonymous": False,
        "can": can,
        "features": {},
    } | changes


def points(last: float = NOW - 1, number: int = 300) -> list[dict[str, Any]]:
    """Return five minutes of history with hills, a pause, and a gap in the power."""
    return [_point(last - number + 1 + at, at) for at in range(number)]


def _point(at: float, number: int) -> dict[str, Any]:
    busy = max(0.0, math.sin(number / 23) + 0.6 * math.sin(number / 7)) * 34
    return {
        "at": at,
        "tokens_per_second": round(busy, 1),
        "prompt_tokens_per_second": round(busy * 9),
        "requests_per_second": 0.4,
        "running": 2,
        "waiting": 1,
        "watts": None if 200 < number < 215 else round(14 + busy * 2.6, 1),
    }


def plugin(name: str, what: str, **changes: Any) -> dict[str, Any]:
    """Return a plugin that is on and can be switched."""
    return {
        "name": name,
        "family": name.partition(".")[0],
        "enabled": True,
        "fail_mode": "open",
        "what": what,
        "switchable": True,
        "why_not": None,
    } | changes


PLUGINS = [
    plugin("metrics.log", "One line in the log per request."),
    plugin("metrics.prometheus", "Serves /metrics."),
    plugin("metrics.energy", "What each answer takes of the machine."),
    plugin(
        "metrics.dashboard",
        "This page.",
        switchable=False,
        why_not="This page can't switch itself off: edit localai.toml.",
    ),
    plugin("auth.keys", "Keys of the database.", fail_mode="closed", switchable=False,
           why_not="Who may come in is decided in localai.toml."),
    plugin("auth.limits", "How fast callers may ask.", fail_mode="closed"),
    plugin("guardrails.injection", "Orders that their author may not give.", fail_mode="closed"),
    plugin("guardrails.pii", "Personal data and secrets, both ways.", fail_mode="closed"),
    plugin("guardrails.canary", "Finds a system prompt that comes out.", enabled=False),
    plugin("routing.select", "Chooses a model by task, time and cost.", fail_mode="closed"),
    plugin("routing.queue", "A bounded, fair queue in front of each model.", fail_mode="closed"),
    plugin("routing.quiet", "Less noise and heat at night.", enabled=False),
    plugin("cache.exact", "The same request again needs no model."),
    plugin("cache.custom", "Not in use.", enabled=False, switchable=False,
           why_not="Not in [chain]."),
    plugin("cache.semantic", "Nor does one that means the same.", enabled=False),
]  # fmt: skip


def snapshot(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Return the snapshot of a second."""
    return {
        "at": NOW + number,
        "uptime_seconds": 86_400 + number,
        "generation": 3,
        "reload_error": None,
        "engine": "ollama",
        "hosts": [{"label": "1", "up": True, "draining": False, "local": True}],
        "rates": {
            "tokens_per_second": 41.27,
            "prompt_tokens_per_second": 512.0,
            "requests_per_second": 0.8,
        },
        "requests": {"running": 2, "waiting": 3, "total": 12_345, "errors_total": 17},
        "queue": [
            {
                "model": "qwen3:30b-a3b",
                "running": [
                    {"caller": "key:7hQ2mX", "host": "1", "seconds": 3.2},
                    {"caller": "user:ben", "host": "1", "seconds": 0.7},
                ],
                "waiting": 3,
                "next": [
                    {"position": 1, "caller": "user:carla", "waited": 4.0, "eta": 6.0},
                    {"position": 2, "caller": "key:nightly-reports", "waited": 2.5, "eta": 14.0},
                    {"position": 3, "caller": "user:dora", "waited": 0.4, "eta": 21.0},
                ],
            }
        ],
        "models": [
            _model("qwen3:30b-a3b", 18.6, 32_768, NOW + 280),
            _model("llama3.3:70b", 43.1, 8_192, None),
            _model("nomic-embed-text", 0.4, 2_048, NOW + 3_000),
        ],
        "memory": {
            "used_bytes": 84 * GIB,
            "total_bytes": 125 * GIB,
            "vram_used_bytes": GIB // 2,
            "vram_total_bytes": GIB,
            "gtt_used_bytes": 64 * GIB,
            "gtt_total_bytes": 112 * GIB,
        },
        "power": {
            "watts": 96.4,
            "temperature_celsius": 68.2,
            "wh_today": 412.5,
            "idle_wh_today": 131.0,
            "money_today": 0.1237,
            "grams_today": 156.8,
            "source": "measured",
        },
        "cost": {
            "currency": "EUR",
            "money_today": 0.1237,
            "saved_today": 0.0421,
            "cloud_today": 3.86,
        },
        "cache": {"hits": 1_204, "joins": 96, "misses": 2_310, "hit_rate": 0.36},
        "latency": {
            "window_seconds": 300,
            "count": 214,
            "first_token": {"p50": 0.31, "p95": 1.9, "p99": 6.4},
            "duration": {"p50": 4.2, "p95": 18.0, "p99": 41.0},
            "per_token": {"p50": 0.019, "p95": 0.034, "p99": 0.062},
            "overhead": {"p50": 0.0007, "p95": 0.0021, "p99": 0.0049},
        },
        "errors": [
            _error(4, "UpstreamTimeout", "llama3.3:70b", "/v1/chat/completions"),
            _error(71, "RateLimited", "qwen3:30b-a3b", "/api/chat"),
            _error(640, "ModelNotFound", "mistral-large", "/v1/chat/completions"),
        ],
        "guardrails": [
            {"guard": "pii.card", "action": "redact", "count": 12},
            {"guard": "injection", "action": "flag", "count": 41},
            {"guard": "links", "action": "neutralise", "count": 3},
        ],
        "limits": {"refused": 29},
    } | changes


def _model(name: str, gib: float, context: int, expires_at: float | None) -> dict[str, Any]:
    size = int(gib * GIB)
    return {
        "name": name,
        "host": "1",
        "bytes": size,
        "gpu_bytes": size,
        "context": context,
        "expires_at": expires_at,
    }


def _error(ago: float, outcome: str, model: str, route: str) -> dict[str, Any]:
    return {
        "at": NOW - ago,
        "request_id": f"req-{outcome.lower()[:8]}{int(ago)}",
        "model": model,
        "outcome": outcome,
        "route": route,
    }


EMPTY: dict[str, Any] = {
    "at": NOW,
    "uptime_seconds": 1,
    "generation": 1,
    "reload_error": None,
    "engine": "ollama",
    "hosts": [{"label": "1", "up": True, "draining": None}],
    "rates": {
        "tokens_per_second": None,
        "prompt_tokens_per_second": None,
        "requests_per_second": 0,
    },
    "requests": {"running": 0, "waiting": 0, "total": 0, "errors_total": 0},
    "queue": [],
    "models": [],
    "memory": None,
    "power": None,
    "cost": None,
    "cache": None,
    "latency": None,
    "errors": [],
    "guardrails": [],
    "limits": None,
}
"""A router that has just started, with no plugin on that knows anything."""
