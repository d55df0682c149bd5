"""Policies in the list of models."""

from typing import Any

from localai import Models, Principal
from plugins.routing.select.listing import with_policies
from plugins.routing.select.policy import Policy

ANYONE = Principal(id="someone")
POLICIES = {"auto": Policy(), "eyes": Policy(candidates=("llava*",))}
NAMES = {"auto": "auto", "eyes": "Eyes"}


def entry(name: str, *can: str, size: int = 1, **more: Any) -> dict[str, Any]:
    """Return a model as Ollama lists it."""
    about = {"capabilities": list(can)} if can else {}
    return {"name": name, "model": name, "digest": name, "size": size} | about | more


SMALL = entry("small:1", "completion", size=1)
LARGE = entry("large:1", "completion", size=9)
TOOLS = entry("tools:1", "completion", "tools", size=5)
LLAVA = entry("llava:1", "completion", "vision", size=3)
EMBED = entry("embed:1", "embedding", size=1)


def listed(models: Models, principal: Principal = ANYONE) -> dict[str, dict[str, Any]]:
    """Return the entries by name."""
    return {each["name"]: each for each in with_policies(models, principal, NAMES, POLICIES)}


def test_a_policy_can_do_what_one_of_its_candidates_can() -> None:
    """It is described as the one that can do most, or else the largest; it never embeds."""
    found = listed([SMALL, LARGE, TOOLS, EMBED, entry("both:1", "completion", "embedding")])
    auto = found["auto"]
    assert auto["capabilities"] == ["completion", "tools"]
    assert auto["localai"]["model"] in ("tools:1", "both:1")
    assert "embed:1" not in auto["localai"]["models"]
    assert "Eyes" not in found
    assert listed([SMALL, LARGE])["auto"]["localai"]["model"] == "large:1"


def test_names_are_as_they_are_written() -> None:
    """A policy is listed without a tag, and with a digest of its own."""
    found = listed([LLAVA])
    assert found["Eyes"]["localai"]["models"] == ["llava:1"]
    assert len({each["digest"] for each in found.values()}) == 3


def test_a_policy_hides_a_model_of_its_name() -> None:
    """Requests for the name go to the policy, so the list has it once."""
    found = with_policies([entry("auto:latest"), SMALL], ANYONE, NAMES, POLICIES)
    assert [each["name"] for each in found] == ["auto", "small:1"]


def test_only_what_the_caller_may_use_counts() -> None:
    """A policy without a candidate for this caller is not listed."""
    caller = Principal(id="someone", models=("auto", "small:1"))
    assert listed([SMALL, LARGE], caller)["auto"]["localai"]["models"] == ["small:1"]
    assert "auto" not in listed([LARGE], caller)


def test_old_lists_have_families_only() -> None:
    """Ollama before 0.30 lists no capabilities, so the family tells what embeds."""
    old = [entry("chat:1", details={"family": "llama"}), entry("e:1", details={"family": "bert"})]
    auto = listed(old)["auto"]
    assert auto["localai"]["models"] == ["chat:1"]
    assert "capabilities" not in auto


def test_stand_ins_are_no_candidates() -> None:
    """What another plugin lists in the place of a model is none itself."""
    assert "auto" not in listed([entry("alias", "completion", localai={"model": "x"})])
