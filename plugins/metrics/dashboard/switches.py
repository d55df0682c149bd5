"""The plugins with their switches."""

from typing import Any

from localai import Gateway

SELF = "metrics.dashboard"


def listed(gateway: Gateway) -> list[dict[str, Any]]:
    """Return all plugins that there are. It reads files: call it in a thread."""
    found = []
    has_file = gateway.settings.document.path is not None
    for each in gateway.plugins():
        why_not = None
        if not has_file:
            why_not = "there is no localai.toml: the default settings are in use"
        elif each.name == SELF:
            why_not = "this page is it: edit localai.toml"
        elif each.authenticates:
            why_not = "it decides who comes in: edit localai.toml"
        elif not each.in_chain:
            why_not = "[chain] plugins has neither it nor its family: add one to localai.toml"
        elif each.family_off:
            why_not = f"all of '{each.family}' is off: edit localai.toml"
        found.append(
            {
                "name": each.name,
                "family": each.family,
                "enabled": each.enabled,
                "fail_mode": each.fail_mode,
                "what": each.what,
                "switchable": why_not is None,
                "why_not": why_not,
            }
        )
    return found
