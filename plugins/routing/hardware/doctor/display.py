"""The report as people read it."""

from collections.abc import Sequence
from itertools import groupby
from textwrap import fill
from typing import TYPE_CHECKING

from plugins.routing.hardware.doctor.finding import Finding, Severity

if TYPE_CHECKING:
    from rich.text import Text

SECTIONS = {
    "gpu": "GPU",
    "kernel": "Kernel",
    "memory": "Memory",
    "firmware": "Firmware",
    "tuned": "Tuned",
    "ollama": "Ollama",
    "ports": "Open ports",
    "environment": "Ollama's environment",
}
MARKS = {
    Severity.OK: ("ok  ", "green"),
    Severity.INFO: ("info", "cyan"),
    Severity.WARNING: ("warn", "yellow"),
    Severity.ERROR: ("FAIL", "bold red"),
}
INDENT = " " * 7


def print_report(findings: Sequence[Finding]) -> None:
    """Print the findings by section; a remedy's lines are whole, so that they can be pasted."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False)
    for section, found in groupby(findings, key=lambda finding: finding.section):
        console.print(Text(f"\n{SECTIONS[section]}", style="bold"))
        for finding in found:
            console.print(_head(finding), soft_wrap=True)
            if finding.reason:
                reason = fill(
                    finding.reason, console.width, initial_indent=INDENT, subsequent_indent=INDENT
                )
                console.print(Text(reason, style="dim"), soft_wrap=True)
            for line in finding.remedy.splitlines():
                console.print(Text(f"{INDENT}{line}", style="cyan"), soft_wrap=True)
    console.print(f"\n{_summary(findings)}")


def _head(finding: Finding) -> "Text":
    from rich.text import Text

    mark, style = MARKS[finding.severity]
    return Text.assemble("  ", (mark, style), " ", finding.title)


def _summary(findings: Sequence[Finding]) -> str:
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    warnings = sum(finding.severity is Severity.WARNING for finding in findings)
    if not errors and not warnings:
        return "Nothing is wrong."
    return f"{_number(errors, 'error')}, {_number(warnings, 'warning')}."


def _number(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"
