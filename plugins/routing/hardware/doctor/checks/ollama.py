"""The Ollamas: whether they answer, their versions, what they have loaded."""

from collections.abc import Iterator

from plugins.routing.hardware.card import GIB
from plugins.routing.hardware.doctor.finding import Finding, Severity
from plugins.routing.hardware.doctor.machine import Machine
from plugins.routing.hardware.doctor.ollama import Ollama, Running

UPDATE = "curl -fsSL https://ollama.com/install.sh | sh"
GTT_SINCE = (0, 12, 4)
"""First version that counts the memory which an APU may map (ollama issue 12062)."""
DROPS_APUS = (0, 30, 0)
"""Its list of APUs to use was empty; gfx1151 is in it since 0.30.1 (pull request 16429)."""
SLOW_LOADS = (0, 30, 0)
"""From here on loads are slower: qwen3.5:122b 116 s in place of 61 (issue 16501)."""
LARGE_CONTEXT = 131_072


def reachable(machine: Machine) -> Iterator[Finding]:
    """Does each host of the settings answer?"""
    for ollama in machine.ollamas:
        if ollama.answers:
            yield Finding(
                id="ollama.reachable",
                severity=Severity.OK,
                title=f"Ollama {ollama.version_text} answers at {ollama.url}",
            )
            continue
        others = any(each.answers for each in machine.ollamas)
        yield Finding(
            id="ollama.reachable",
            severity=Severity.WARNING if others else Severity.ERROR,
            title=f"no Ollama answers at {ollama.url}",
            reason="" if others else "there is no other one; what is said of it below is less",
            remedy=_start(machine) if ollama.is_local else "",
        )


def version(machine: Machine) -> Iterator[Finding]:
    """Is it one of those that are known to be bad here?"""
    ollama = machine.local
    if ollama is None or ollama.version is None or machine.apu is None:
        return
    running, text = ollama.version, ollama.version_text
    if running < GTT_SINCE:
        yield Finding(
            id="ollama.version",
            severity=Severity.ERROR,
            title=f"Ollama {text} does not see the memory of an APU",
            reason="it counts what the BIOS has cut out only, until 0.12.4; models run on the CPU",
            remedy=UPDATE,
        )
    elif running == DROPS_APUS:
        yield Finding(
            id="ollama.version",
            severity=Severity.ERROR,
            title=f"Ollama {text} does not use the GPU of an APU",
            reason="0.30.0 leaves all integrated GPUs out; 0.30.1 takes gfx1151 again",
            remedy=UPDATE,
        )
    elif running > SLOW_LOADS:
        yield Finding(
            id="ollama.version",
            severity=Severity.INFO,
            title=f"Ollama {text} may load large models more slowly than 0.24",
            reason="qwen3.5:122b took 116 s with 0.30.4 and 61 s with 0.24 on Strix Halo; "
            "a longer OLLAMA_KEEP_ALIVE makes loads rarer",
        )
    else:
        yield Finding(
            id="ollama.version",
            severity=Severity.OK,
            title=f"Ollama {text} has no known fault here",
        )


def loaded(machine: Machine) -> Iterator[Finding]:
    """Are the loaded models on the GPU, and with a context that somebody needs?"""
    for ollama in machine.ollamas:
        for model in ollama.loaded:
            yield _loaded(ollama, model)


def _loaded(ollama: Ollama, model: Running) -> Finding:
    where = f"{model.name} at {ollama.url}"
    size = f"{model.size / GIB:.1f} GiB"
    if model.size_vram < model.size:
        share = 1 - model.size_vram / model.size
        return Finding(
            id="ollama.loaded",
            severity=Severity.WARNING,
            title=f"{where}: {share:.0%} of {size} are on the CPU",
            reason="each token waits for the CPU; a smaller model, context or quantisation fits",
            remedy=f"ollama stop {model.name}" if _is_plain(model.name) else "",
        )
    if model.context >= LARGE_CONTEXT:
        return Finding(
            id="ollama.loaded",
            severity=Severity.WARNING,
            title=f"{where}: {size}, with {model.context} tokens of context",
            reason="caches for all of them are reserved, which other models could have; "
            "OLLAMA_CONTEXT_LENGTH or the model's num_ctx sets fewer",
        )
    context = f", {model.context} tokens of context" if model.context else ""
    return Finding(id="ollama.loaded", severity=Severity.OK, title=f"{where}: {size}{context}")


def _start(machine: Machine) -> str:
    return "sudo systemctl enable --now ollama" if machine.service.has_unit else "ollama serve"


def _is_plain(name: str) -> bool:
    """Say whether a name may stand in a command as it is."""
    return name.isascii() and all(char.isalnum() or char in "._:/-" for char in name)
