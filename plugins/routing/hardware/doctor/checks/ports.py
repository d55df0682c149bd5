"""Who can come in from other machines."""

from collections.abc import Iterator

from localai import is_loopback
from plugins.routing.hardware.doctor.finding import Finding, Severity
from plugins.routing.hardware.doctor.machine import Machine
from plugins.routing.hardware.doctor.remedies import ollama_variables

OLLAMA_PORT = 11434


def ollama(machine: Machine) -> Iterator[Finding]:
    """Can others reach Ollama, past the router?"""
    ports = {OLLAMA_PORT} | {each.port for each in machine.ollamas if each.is_local}
    found = sorted(
        {
            f"{each.host} port {each.port}"
            for each in machine.listeners
            if each.port in ports and each.is_open
        }
    )
    said = machine.service.environment.get("OLLAMA_HOST", "")
    if found:
        title = f"Ollama listens on {', '.join(found)}, for other machines too"
    elif _is_open(said):
        title = f"OLLAMA_HOST is {said}: from its next start on Ollama is open to other machines"
    else:
        if any(each.port in ports for each in machine.listeners):
            yield Finding(
                id="ports.ollama", severity=Severity.OK, title="only this machine reaches Ollama"
            )
        return
    yield Finding(
        id="ports.ollama",
        severity=Severity.WARNING,
        title=title,
        reason="it asks for no key: everybody in the network can use, pull and delete models, past "
        "the router's keys, limits and guards",
        remedy=ollama_variables(machine, "host", OLLAMA_HOST=f"127.0.0.1:{OLLAMA_PORT}"),
    )


def origins(machine: Machine) -> Iterator[Finding]:
    """May any web page ask Ollama?"""
    said = machine.service.environment.get("OLLAMA_ORIGINS", "")
    if "*" not in said.split(","):
        return
    yield Finding(
        id="ports.origins",
        severity=Severity.WARNING,
        title="OLLAMA_ORIGINS is *: any web page in a browser here can use Ollama",
        reason="the router has [plugins.auth.cors] for pages that may",
        remedy=ollama_variables(machine, "origins", OLLAMA_ORIGINS=""),
    )


def router(machine: Machine) -> Iterator[Finding]:
    """Does the router ask others for a key?"""
    server = machine.settings.server
    if is_loopback(server.host.lower()):
        title = f"the router listens on {server.host}, for this machine only"
        yield Finding(id="ports.router", severity=Severity.OK, title=title)
    elif server.allow_anonymous:
        yield Finding(
            id="ports.router",
            severity=Severity.WARNING,
            title=f"the router listens on {server.host}, and asks nobody for a key",
            reason="allow_anonymous = true in [server] lets all of the network in: "
            "remove it, and make keys",
            remedy="localai keys create NAME",
        )
    else:
        title = f"the router listens on {server.host}, and asks for a key"
        yield Finding(id="ports.router", severity=Severity.OK, title=title)


def _is_open(host: str) -> bool:
    """Say whether an OLLAMA_HOST is reached from other machines."""
    name = host.rpartition("//")[2]
    name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    return bool(host) and not is_loopback(name.lower())
