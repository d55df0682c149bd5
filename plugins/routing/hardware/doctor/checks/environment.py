"""The variables that Ollama is started with (envconfig/config.go has their defaults)."""

from collections.abc import Iterator

from plugins.routing.hardware.card import GIB
from plugins.routing.hardware.doctor.finding import Finding, Severity
from plugins.routing.hardware.doctor.machine import Machine
from plugins.routing.hardware.doctor.remedies import ollama_variables
from plugins.routing.hardware.doctor.service import UNIT

LARGE = 47 * GIB
"""Bytes for models from which Ollama's own context is 262144 tokens (server/routes.go)."""
DEFAULT_CONTEXT_SINCE = (0, 15, 5)
SENSIBLE_CONTEXT = "32768"
LLAMA_SERVER_SINCE = (0, 30, 0)
"""Its own engines are gone since: one llama-server for each model."""
MOST_PARALLEL = 8
"""With more, Vulkan on Strix Halo makes a quarter fewer tokens in all."""
FALSE = frozenset({"0", "false", "f"})
GONE = ("OLLAMA_NEW_ENGINE", "OLLAMA_MULTIUSER_CACHE")
UNKNOWN = ("OLLAMA_NUM_BATCH",)
APU_TARGETS = frozenset({"gfx1151"})
"""APUs that Ollama uses by itself with ROCm since 0.30.1."""


def known(machine: Machine) -> Iterator[Finding]:
    """Can the environment be seen at all, and is it the one in use?"""
    service = machine.service
    if not service.is_known:
        yield Finding(
            id="environment.known",
            severity=Severity.INFO,
            title=f"Ollama's environment can't be seen: there is no {UNIT}, and no process that "
            "may be read",
            reason="it may run in a container, or as another user: what follows goes by its "
            "defaults; sudo lets more be seen",
        )
    elif service.running is not None and service.has_unit:
        changed = sorted(
            name
            for name in {*service.running, *service.configured}
            if service.running.get(name) != service.configured.get(name)
        )
        if changed:
            yield Finding(
                id="environment.known",
                severity=Severity.INFO,
                title=f"Ollama runs with another {', '.join(changed)} than its service says",
                reason="what was changed holds from its next start on",
                remedy="sudo systemctl daemon-reload\nsudo systemctl restart ollama",
            )


def context(machine: Machine) -> Iterator[Finding]:
    """Is the default context what anybody needs?"""
    said = machine.service.environment.get("OLLAMA_CONTEXT_LENGTH", "")
    if said not in ("", "0"):
        yield _ok("context", f"OLLAMA_CONTEXT_LENGTH is {said}")
        return
    if machine.card is None or machine.card.memory < LARGE:
        return
    if not _is_since(machine, DEFAULT_CONTEXT_SINCE):
        return
    yield Finding(
        id="environment.context",
        severity=Severity.WARNING,
        title="OLLAMA_CONTEXT_LENGTH is not set: models are loaded with 262144 tokens of context",
        reason="from 47 GiB on that is Ollama's default; caches for all of them are reserved, so "
        "that loads take longer and fewer models fit",
        remedy=ollama_variables(machine, "context", OLLAMA_CONTEXT_LENGTH=SENSIBLE_CONTEXT),
    )


def flash_attention(machine: Machine) -> Iterator[Finding]:
    """Is flash attention on?"""
    said = machine.service.environment.get("OLLAMA_FLASH_ATTENTION", "")
    remedy = ollama_variables(machine, "flash-attention", OLLAMA_FLASH_ATTENTION="1")
    if said.lower() in FALSE:
        yield Finding(
            id="environment.flash_attention",
            severity=Severity.WARNING,
            title="flash attention is off",
            reason="long prompts take more memory and time, and the cache can't be quantised",
            remedy=remedy,
        )
    elif said or _is_since(machine, LLAMA_SERVER_SINCE):
        yield _ok("flash_attention", f"flash attention is {'on' if said else 'chosen by itself'}")
    else:
        yield Finding(
            id="environment.flash_attention",
            severity=Severity.INFO,
            title="OLLAMA_FLASH_ATTENTION is not set",
            reason="before 0.30 it is off for most models; it saves memory in long contexts",
            remedy=remedy,
        )


def kv_type(machine: Machine) -> Iterator[Finding]:
    """Is the cache of keys and values quantised?"""
    said = machine.service.environment.get("OLLAMA_KV_CACHE_TYPE", "")
    if said in ("q8_0", "q4_0"):
        yield _ok("kv_type", f"the cache is {said}")
        return
    if machine.apu is None:
        return
    yield Finding(
        id="environment.kv_type",
        severity=Severity.INFO,
        title="the cache of keys and values is f16",
        reason="q8_0 takes half the memory; with 64k tokens of context, Qwen3.6-35B made 49 tokens "
        "a second in place of 41, but read prompts at 731 in place of 932",
        remedy=ollama_variables(machine, "kv-type", OLLAMA_KV_CACHE_TYPE="q8_0"),
    )


def parallel(machine: Machine) -> Iterator[Finding]:
    """How many answers at a time?"""
    said = machine.service.environment.get("OLLAMA_NUM_PARALLEL", "")
    number = int(said) if said.isascii() and said.isdecimal() and len(said) < 6 else 0
    if number > MOST_PARALLEL and machine.apu is not None:
        yield Finding(
            id="environment.parallel",
            severity=Severity.WARNING,
            title=f"OLLAMA_NUM_PARALLEL is {number}",
            reason="from 8 to 10 streams the tokens of all of them fell by 23 to 32 % on Strix "
            "Halo; each one reserves a context of its own",
            remedy=ollama_variables(machine, "parallel", OLLAMA_NUM_PARALLEL=str(MOST_PARALLEL)),
        )
    elif number > 1:
        yield _ok("parallel", f"{number} answers at a time for each model")
    else:
        yield Finding(
            id="environment.parallel",
            severity=Severity.INFO,
            title="one answer at a time for each model",
            reason="4 at a time make 1.8 to 2.6 times as many tokens in all; each takes a context "
            "of its own. Tell the router too: slots in [plugins.routing.queue]",
            remedy=ollama_variables(machine, "parallel", OLLAMA_NUM_PARALLEL="4"),
        )


def keep_alive(machine: Machine) -> Iterator[Finding]:
    """Do models stay in memory?"""
    said = machine.service.environment.get("OLLAMA_KEEP_ALIVE", "")
    if said in ("0", "0s", "0m", "0h"):
        yield Finding(
            id="environment.keep_alive",
            severity=Severity.WARNING,
            title="models leave the memory after each answer",
            reason="each request loads its model again, which takes 1 s for 1.5 GB",
            remedy=ollama_variables(machine, "keep-alive", OLLAMA_KEEP_ALIVE="30m"),
        )
    else:
        yield _ok("keep_alive", f"models stay in memory for {said or '5m'} after an answer")


def max_loaded(machine: Machine) -> Iterator[Finding]:
    """May several models be in memory?"""
    said = machine.service.environment.get("OLLAMA_MAX_LOADED_MODELS", "")
    if said != "1" or machine.card is None or machine.card.memory < LARGE:
        return
    yield Finding(
        id="environment.max_loaded",
        severity=Severity.INFO,
        title="one model at a time is in memory",
        reason=f"{machine.card.memory / GIB:.0f} GiB hold several; each change loads one",
        remedy=ollama_variables(machine, "max-loaded", OLLAMA_MAX_LOADED_MODELS="3"),
    )


def integrated(machine: Machine) -> Iterator[Finding]:
    """Does Ollama leave the APU out?"""
    apu = machine.apu
    if apu is None or not _is_since(machine, LLAMA_SERVER_SINCE):
        return
    environment = machine.service.environment
    said = environment.get("OLLAMA_IGPU_ENABLE", "")
    uses_vulkan = environment.get("OLLAMA_LLM_LIBRARY", "").startswith("vulkan")
    if said.lower() in FALSE:
        title = "OLLAMA_IGPU_ENABLE keeps Ollama from the GPU"
    elif said:
        return
    elif uses_vulkan:
        title = "OLLAMA_LLM_LIBRARY is vulkan, with which Ollama leaves APUs out"
    elif apu.gfx not in APU_TARGETS:
        title = f"Ollama leaves {apu.gfx or 'this APU'} out: only {', '.join(APU_TARGETS)} is used"
    else:
        return
    yield Finding(
        id="environment.integrated",
        severity=Severity.ERROR,
        title=title,
        reason="since 0.30 integrated GPUs are used where this says so, and models run on the CPU",
        remedy=ollama_variables(machine, "igpu", OLLAMA_IGPU_ENABLE="1"),
    )


def hsa_override(machine: Machine) -> Iterator[Finding]:
    """Is the GPU called another one?"""
    said = machine.service.environment.get("HSA_OVERRIDE_GFX_VERSION")
    if said is None or not machine.is_strix_halo or said == "11.5.1":
        return
    yield Finding(
        id="environment.hsa_override",
        severity=Severity.WARNING,
        title=f"HSA_OVERRIDE_GFX_VERSION is {said}, and the GPU is 11.5.1",
        reason="ROCm loads code for another chip, which is slower or fails",
        remedy=ollama_variables(machine, "gfx", HSA_OVERRIDE_GFX_VERSION="11.5.1"),
    )


def meaningless(machine: Machine) -> Iterator[Finding]:
    """Are variables set that this Ollama does not have?"""
    names = UNKNOWN + (GONE if _is_since(machine, LLAMA_SERVER_SINCE) else ())
    found = [name for name in names if name in machine.service.environment]
    if found:
        yield Finding(
            id="environment.meaningless",
            severity=Severity.INFO,
            title=f"{', '.join(found)} does nothing",
            reason="this Ollama has no such variable: remove it",
        )


def _is_since(machine: Machine, version: tuple[int, int, int]) -> bool:
    """Say whether this machine's Ollama is that new; one that does not answer counts as new."""
    running = machine.local.version if machine.local else None
    return running is None or running >= version


def _ok(name: str, title: str) -> Finding:
    return Finding(id=f"environment.{name}", severity=Severity.OK, title=title)
