"""What the doctor has found."""

from plugins.routing.hardware.doctor.finding import Finding, Severity


def test_a_finding_stands_in_its_section() -> None:
    """The id begins with the section."""
    assert Finding(id="memory.gtt", severity=Severity.OK, title="x").section == "memory"


def test_severities_are_ordered() -> None:
    """The worst is the largest."""
    assert Severity.OK < Severity.INFO < Severity.WARNING < Severity.ERROR
