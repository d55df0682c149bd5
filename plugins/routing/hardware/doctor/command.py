"""`localai doctor`: it changes nothing, needs no rights, and asks the Ollamas of the file only."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from localai import load_settings


def add_to(cli: click.Group, root: Path) -> None:
    """Add the command; `root` is where /sys and /proc are, if no other one is named."""

    @cli.command()
    @click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
    @click.option(
        "--root",
        "other",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Look at a machine recorded below this folder (its /sys, /proc, /etc, …).",
    )
    @click.pass_obj
    def doctor(settings: Path | None, as_json: bool, other: Path | None) -> None:
        """Look at GPU, kernel, memory and Ollama, and say what to mend and how.

        It changes nothing. Exit code: 0 when nothing is wrong, 1 for warnings, 2 for errors.
        """
        from plugins.routing.hardware.doctor.display import print_report
        from plugins.routing.hardware.doctor.examination import examine, exit_code
        from plugins.routing.hardware.doctor.machine import examined
        from plugins.routing.hardware.doctor.ollama import ask_all
        from plugins.routing.hardware.files import Files

        loaded = load_settings(settings)
        ollamas = asyncio.run(ask_all(loaded.ollama.hosts))
        findings = examine(examined(Files(other or root), loaded, ollamas))
        if as_json:
            _print_json(findings)
        else:
            print_report(findings)
        sys.exit(exit_code(findings))


def _print_json(findings: Any) -> None:
    shown = [
        msgspec.structs.asdict(finding) | {"severity": finding.severity.name.lower()}
        for finding in findings
    ]
    click.echo(msgspec.json.format(msgspec.json.encode({"findings": shown}), indent=2))
