"""Ollama's `/api/tags`, `/api/show` and `/api/ps`, read by somebody who believes nothing.

What is no model is left out; what is no number, text or list counts as not said. Nothing raises.
"""

import math
import re
from collections.abc import Sequence
from typing import Any

from localai import Value, full_name
from plugins.routing.catalogue.active import active_parameters
from plugins.routing.catalogue.cache_size import cache_bytes
from plugins.routing.catalogue.info import Info
from plugins.routing.catalogue.model import Facts, Loaded
from plugins.routing.catalogue.values import items, moment, natural, parameters, table, text, texts

MOST_MODELS = 1000
"""Models of one host that are looked at."""
MOST_NAME = 350
"""Characters of a name with its host and namespace."""
FAR = 10 * 365 * 86_400.0
"""Seconds after which "some day" means never: Ollama says the year 2318 for that."""

CAPABILITIES = frozenset(
    {"completion", "embedding", "vision", "tools", "thinking", "insert", "audio", "image"}
)
_NUM_CTX = re.compile(r"^num_ctx[ \t]+(\d{1,9})[ \t]*$", re.MULTILINE)
_IN_TEMPLATE = {"tools": ".Tools", "insert": ".Suffix", "thinking": ".Thinking"}
_SEEING = frozenset({"clip", "mllama", "qwen25vl", "qwen3vl", "qwen3vlmoe"})


class Shown(Value, frozen=True, kw_only=True):
    """What `/api/show` adds; the same for all names of one digest."""

    parameters: int = 0
    active_parameters: int = 0
    kv_bytes: int = 0
    kv_fixed: int = 0
    context_length: int = 0
    num_ctx: int = 0
    capabilities: frozenset[str] = frozenset()


def model_key(name: str) -> str:
    """Return the form of a model's name by which it is found: with tag, in lower case."""
    name = full_name(name).lower()
    return name.removeprefix("registry.ollama.ai/").removeprefix("library/")


def read_tags(answer: Any) -> tuple[list[Facts], int]:
    """Return the local models of `/api/tags`, and how many entries were no models."""
    listed = items(table(answer).get("models"))
    found = []
    remote = 0
    for each in listed[:MOST_MODELS]:
        each = table(each)
        if each.get("remote_host") or each.get("remote_model"):
            remote += 1
        elif name := text(each.get("name"), MOST_NAME):
            found.append(_facts(name, each))
    return found, len(listed) - remote - len(found)


def _facts(name: str, listed: dict[str, Any]) -> Facts:
    details = table(listed.get("details"))
    count = parameters(details.get("parameter_size"))
    return Facts(
        name=full_name(name),
        digest=text(listed.get("digest")),
        size=natural(listed.get("size")),
        family=text(details.get("family")),
        quantisation=text(details.get("quantization_level")),
        parameters=count,
        active_parameters=count,
        context_length=natural(details.get("context_length")),
        capabilities=_known(listed.get("capabilities")),
    )


def read_show(answer: Any) -> Shown:
    """Return what `/api/show` says of a model."""
    shown = table(answer)
    info = Info(shown)
    count = info.parameters or parameters(table(shown.get("details")).get("parameter_size"))
    growing, fixed = cache_bytes(info)
    pinned = _NUM_CTX.search(text(shown.get("parameters"), 100_000))
    return Shown(
        parameters=count,
        active_parameters=active_parameters(info, count),
        kv_bytes=growing,
        kv_fixed=fixed,
        context_length=info.number("context_length"),
        num_ctx=int(pinned[1]) if pinned else 0,
        capabilities=_known(shown.get("capabilities")) or _guessed(shown, info),
    )


def read_ps(answer: Any, now: float, busy: float) -> dict[str, Loaded]:
    """Return what `/api/ps` says is in memory, by `model_key`; `now` is the Unix time.

    A model that is at work shows when it would have left: it is taken to stay `busy` seconds.
    """
    found = {}
    for each in items(table(answer).get("models"))[:MOST_MODELS]:
        each = table(each)
        if name := text(each.get("name"), MOST_NAME):
            expires = moment(each.get("expires_at"))
            if expires <= now:
                expires = now + busy
            found[model_key(name)] = Loaded(
                size=natural(each.get("size")),
                size_vram=natural(each.get("size_vram")),
                num_ctx=natural(each.get("context_length")),
                expires=math.inf if expires > now + FAR else expires,
            )
    return found


def with_shown(facts: Facts, shown: Shown | None) -> Facts:
    """Return facts with what `/api/show` adds to them, if it is known yet."""
    if shown is None:
        return facts.replace(capabilities=facts.capabilities or _of_family([facts.family]))
    return facts.replace(
        parameters=shown.parameters or facts.parameters,
        active_parameters=shown.active_parameters or facts.active_parameters,
        kv_bytes=shown.kv_bytes,
        kv_fixed=shown.kv_fixed,
        context_length=shown.context_length or facts.context_length,
        num_ctx=shown.num_ctx,
        capabilities=facts.capabilities or shown.capabilities,
    )


def _known(capabilities: Any) -> frozenset[str]:
    return CAPABILITIES.intersection(texts(capabilities))


def _guessed(shown: dict[str, Any], info: Info) -> frozenset[str]:
    """Return what Ollama before it told capabilities worked out in the same way."""
    details = table(shown.get("details"))
    families = [text(details.get("family")), *texts(details.get("families"))]
    if info.value("pooling_type") is not None:
        return frozenset({"embedding"})
    found = set(_of_family(families))
    template = text(shown.get("template"), 100_000)
    found |= {name for name, variable in _IN_TEMPLATE.items() if variable in template}
    if shown.get("projector_info"):
        found.add("vision")
    return frozenset(found)


def _of_family(families: Sequence[str]) -> frozenset[str]:
    if any("bert" in family for family in families):
        return frozenset({"embedding"})
    return frozenset({"completion", *(("vision",) if _SEEING.intersection(families) else ())})
