"""The report as people read it."""

import pytest

from plugins.routing.hardware.doctor.display import print_report
from plugins.routing.hardware.doctor.finding import Finding, Severity

LONG = "sudo tee " + "x" * 300
FINDINGS = [
    Finding(id="gpu.card", severity=Severity.OK, title="a card [bold]"),
    Finding(
        id="memory.gtt",
        severity=Severity.WARNING,
        title="too little",
        reason="half is lost",
        remedy=f"{LONG}\nsudo reboot",
    ),
    Finding(id="memory.x", severity=Severity.INFO, title="so it is"),
    Finding(id="ollama.version", severity=Severity.ERROR, title="too old", reason="it is"),
]


def test_the_report_has_sections(capsys: pytest.CaptureFixture[str]) -> None:
    """Each section stands once, each finding with its mark, its reason and its commands."""
    print_report(FINDINGS)
    assert capsys.readouterr().out.splitlines() == [
        "",
        "GPU",
        "  ok   a card [bold]",
        "",
        "Memory",
        "  warn too little",
        "       half is lost",
        f"       {LONG}",
        "       sudo reboot",
        "  info so it is",
        "",
        "Ollama",
        "  FAIL too old",
        "       it is",
        "",
        "1 error, 1 warning.",
    ]


def test_commands_are_never_broken(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a narrow terminal a reason is wrapped, but what is to be pasted stays in one line."""
    monkeypatch.setenv("COLUMNS", "30")
    reason = "a long reason that does not fit into thirty columns"
    print_report([FINDINGS[1].replace(reason=reason)])
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert LONG in lines
    assert reason not in lines


@pytest.mark.parametrize(
    ("findings", "summary"),
    [
        ([], "Nothing is wrong."),
        (FINDINGS[:1], "Nothing is wrong."),
        ([FINDINGS[1]] * 2, "0 errors, 2 warnings."),
    ],
)
def test_the_last_line_counts(
    capsys: pytest.CaptureFixture[str], findings: list[Finding], summary: str
) -> None:
    """What is wrong is counted; hints are not."""
    print_report(findings)
    assert capsys.readouterr().out.splitlines()[-1] == summary
