"""One second as the page shows it. Names have their units; `None` is what nobody knows."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from localai import Gateway, WaitingLine, is_here
from plugins.metrics.dashboard.cloud import cloud_price
from plugins.metrics.dashboard.figures import IDLE, Figures
from plugins.metrics.dashboard.loaded import Loaded
from plugins.metrics.dashboard.state import State

JOULES_PER_WH = 3600
DIGITS = 6
"""Decimal places of sums; more are noise."""

Section = dict[str, Any]


def snapshot(gateway: Gateway, state: State, loaded: Loaded) -> Section:
    """Return everything but the queue's lines."""
    figures = Figures(gateway.measures())
    point, books = state.last, state.books
    refused = figures.one("localai_limit_refusals_total")
    return {
        "at": round(time.time(), 3),
        "uptime_seconds": round(time.time() - gateway.started_at, 1),
        "generation": gateway.generation,
        "reload_error": without_folder(gateway),
        "engine": "embedded" if gateway.hosts.uses_embedded else "ollama",
        "hosts": _hosts(gateway, figures),
        "rates": {
            "tokens_per_second": point and point.tokens_per_second,
            "prompt_tokens_per_second": point and point.prompt_tokens_per_second,
            "requests_per_second": point and point.requests_per_second,
        },
        "requests": {
            "running": len(gateway.attempts),
            "waiting": point and point.waiting,
            "total": books.total,
            "errors_total": books.errors_total,
        },
        "models": loaded.models,
        "memory": figures.memory(),
        "power": _power(gateway, state, figures),
        "cost": _cost(gateway, state),
        "cache": books.cache() if is_on(gateway, "cache.exact") else None,
        "latency": books.latency(time.monotonic()),
        "errors": books.errors(),
        "guardrails": books.guardrails(),
        "limits": {"refused": int(books.refused if refused is None else refused)},
    }


def lines(gateway: Gateway) -> list[Section] | None:
    """Return the queue of each model that is busy; `None` where there is none."""
    line = gateway.find(WaitingLine)
    if line is None:
        return None
    return [
        {
            "model": each["model"],
            "running": [
                {"caller": turn["key"], "host": turn["host"], "seconds": turn["seconds"]}
                for turn in each["running"]
            ],
            "waiting": each["waiting"],
            "next": [
                {
                    "position": turn["position"],
                    "caller": turn["key"],
                    "waited": turn["seconds"],
                    "eta": turn["eta"],
                }
                for turn in each["next"]
            ],
        }
        for each in line.waiting()
    ]


def without_callers(found: Sequence[Section] | None) -> list[Section] | None:
    """Return the same queues for whoever may not know who waits."""
    if found is None:
        return None
    return [
        line | {key: [turn | {"caller": None} for turn in line[key]] for key in ("running", "next")}
        for line in found
    ]


def without_folder(gateway: Gateway) -> str | None:
    """Return why the file on disk is not in use, without the folder that it is in."""
    error, document = gateway.reload_error, gateway.settings.document
    if error is None or document.path is None:
        return error
    return error.replace(f"{document.path.parent}/", "").replace(f"{document.folder}/", "")


def is_on(gateway: Gateway, name: str) -> bool:
    """Say whether a plugin runs."""
    return any(plugin.name == name for plugin in gateway.current.plugins)


def features(gateway: Gateway) -> dict[str, bool]:
    """Say what there is to be shown."""
    families = {plugin.name.partition(".")[0] for plugin in gateway.current.plugins}
    return {
        "password_login": is_on(gateway, "auth.tokens"),
        "cache": is_on(gateway, "cache.exact"),
        "energy": is_on(gateway, "metrics.energy"),
        "ledger": is_on(gateway, "metrics.ledger"),
        "queue": gateway.find(WaitingLine) is not None,
        "guardrails": "guardrails" in families,
    }


def _hosts(gateway: Gateway, figures: Figures) -> list[Section]:
    up = figures.by_label("localai_host_up")
    draining = figures.by_label("localai_host_draining")
    hosts = [
        {
            "label": (label := gateway.hosts.label(url)),
            "up": _flag(up, label),
            "draining": _flag(draining, label),
            "local": is_here(url),
        }
        for url in gateway.hosts.urls
    ]
    if gateway.hosts.uses_embedded:
        hosts.append({"label": "embedded", "up": True, "draining": False, "local": True})
    return hosts


def _flag(figures: Mapping[str, float], label: str) -> bool | None:
    figure = figures.get(label)
    return None if figure is None else bool(figure)


def _power(gateway: Gateway, state: State, figures: Figures) -> Section | None:
    point, sums = state.last, state.day.sums
    watts = point and point.watts
    keeps_books = is_on(gateway, "metrics.energy")
    if watts is None and not keeps_books:
        return None
    idle = figures.one(IDLE)
    idle_wh = None if idle is None else max(idle - state.idle_before, 0.0) / JOULES_PER_WH
    return {
        "watts": watts,
        "temperature_celsius": figures.one("localai_temperature_celsius"),
        "wh_today": _known(keeps_books, sums.wh),
        "idle_wh_today": None if idle_wh is None else round(idle_wh, DIGITS),
        "money_today": _known(keeps_books, sums.money),
        "grams_today": _known(keeps_books, sums.grams),
        "source": "modelled" if watts is None else "measured",
    }


def _cost(gateway: Gateway, state: State) -> Section | None:
    if not is_on(gateway, "metrics.energy"):
        return None
    sums = state.day.sums
    currency, cloud = cloud_price(gateway, sums)
    return {
        "currency": currency,
        "money_today": round(sums.money, DIGITS),
        "saved_today": round(sums.saved_money, DIGITS),
        "cloud_today": cloud,
    }


def _known(is_known: bool, figure: float) -> float | None:
    return round(figure, DIGITS) if is_known else None
