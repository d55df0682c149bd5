"""Policies in the list of models: each as what its candidates can do."""

from collections.abc import Iterable, Mapping
from typing import Any

from localai import Models, Principal, full_name
from plugins.routing.listing import ABOUT, standing_for
from plugins.routing.select.policy import Policy

EMBEDDING = "embedding"


def with_policies(
    models: Models, principal: Principal, names: Mapping[str, str], policies: Mapping[str, Policy]
) -> Models:
    """Return the models and the policies that this caller has candidates of.

    `names` are the policies' names as they are written. A policy takes the place of a model of the
    same name, as requests for it go to the policy.
    """
    made = [
        entry
        for key, name in names.items()
        if (entry := _entry(name, policies[key], models, principal)) is not None
    ]
    taken = {full_name(entry["name"]).lower() for entry in made}
    return [*made, *(each for each in models if full_name(each["name"]).lower() not in taken)]


def _entry(
    name: str, policy: Policy, models: Models, principal: Principal
) -> dict[str, Any] | None:
    found = [
        model
        for model in models
        if ABOUT not in model
        and policy.allows(full_name(model["name"]).lower())
        and principal.may_use(model["name"])
        and _makes_text(model)
    ]
    if not found:
        return None
    # What one of them can do, the policy can: a request that needs it goes to that one.
    can = sorted(
        {each for model in found for each in model.get("capabilities") or ()} - {EMBEDDING}
    )
    shown = max(found, key=lambda model: (len(model.get("capabilities") or ()), _size(model)))
    about = {"policy": name, "model": shown["name"], "models": _names(found)}
    entry = standing_for(name, shown, about)
    return entry | {"capabilities": can} if can else entry


def _makes_text(model: Mapping[str, Any]) -> bool:
    capabilities = model.get("capabilities")
    if capabilities:
        return "completion" in capabilities
    return "bert" not in str((model.get("details") or {}).get("family", ""))


def _size(model: Mapping[str, Any]) -> int:
    size = model.get("size")
    return size if isinstance(size, int) else 0


def _names(models: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted(str(model["name"]) for model in models)
