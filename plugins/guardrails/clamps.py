"""Options that a caller may not choose freely: some are bounded, those about hardware dropped."""

from dataclasses import dataclass
from typing import Any

from localai import Call, Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Clamps:
    """Bounds of options; those in `drop` are left out."""

    num_predict: int
    num_ctx: int
    logprobs: bool
    top_logprobs: int
    drop: tuple[str, ...]


def clamp(call: Call, clamps: Clamps) -> Call:
    """Return the call with its options within bounds, and a decision for each that was not.

    An option that is absent stays so: the model's own file says what holds then.
    """
    options = call.options
    changes: dict[str, Any] = {}
    wanted = options.num_predict
    if wanted is not None and not 0 <= wanted <= clamps.num_predict:
        changes["num_predict"] = clamps.num_predict
    if options.num_ctx is not None and options.num_ctx > clamps.num_ctx:
        changes["num_ctx"] = clamps.num_ctx
    decisions = [_decision(name, "clamp") for name in changes]
    for name in clamps.drop:
        if getattr(options, name) is not None:
            changes[name] = None
            decisions.append(_decision(name, "drop"))
    if changes:
        call = call.replace(options=options.replace(**changes))
    if call.logprobs and not clamps.logprobs:
        call = call.replace(logprobs=False, top_logprobs=0)
        decisions.append(_decision("logprobs", "drop"))
    elif call.top_logprobs > clamps.top_logprobs:
        call = call.replace(top_logprobs=clamps.top_logprobs)
        decisions.append(_decision("top_logprobs", "clamp"))
    call.decisions.extend(decisions)
    return call


def _decision(rule: str, action: str) -> Decision:
    return Decision(guard="input", rule=rule, action=action, direction="input")
