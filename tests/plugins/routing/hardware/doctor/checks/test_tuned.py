"""The check of tuned's profile."""

from pathlib import Path

import pytest

from plugins.routing.hardware.doctor.checks import tuned
from plugins.routing.hardware.doctor.finding import Severity
from tests.plugins.routing.hardware.doctor.cases import a_machine, only
from tests.plugins.routing.hardware.machines import (
    DISCRETE,
    HALO_HALF,
    HALO_LARGE,
    HALO_TABLET,
    STRIX_POINT,
)

SWITCH = "sudo tuned-adm profile accelerator-performance"


def test_the_right_profile_is_well(tmp_path: Path) -> None:
    """The one for accelerators is what is wanted."""
    assert only(tuned.profile, a_machine(tmp_path, HALO_LARGE)).severity is Severity.OK


def test_another_profile_is_switched(tmp_path: Path) -> None:
    """Where tuned is there, one command is enough; a name that is none is not repeated."""
    active = "etc/tuned/active_profile"
    finding = only(tuned.profile, a_machine(tmp_path / "a", HALO_HALF, {active: "balanced"}))
    assert (finding.severity, finding.remedy) == (Severity.INFO, SWITCH)
    assert finding.title == "tuned's profile is balanced"
    finding = only(tuned.profile, a_machine(tmp_path / "b", HALO_HALF, {active: "\x1b[2J"}))
    assert finding.title == "tuned sets no profile"


@pytest.mark.parametrize(
    ("tree", "install"),
    [
        (HALO_HALF, "sudo dnf install -y tuned\nsudo systemctl enable --now tuned\n"),
        (STRIX_POINT, "sudo apt install -y tuned\nsudo systemctl enable --now tuned\n"),
        (HALO_TABLET, ""),
    ],
)
def test_without_tuned_it_is_installed(tmp_path: Path, tree: dict[str, str], install: str) -> None:
    """Each distribution has its command; where none is known, only the profile is named."""
    assert only(tuned.profile, a_machine(tmp_path, tree)).remedy == f"{install}{SWITCH}"


def test_a_card_of_its_own_needs_no_profile(tmp_path: Path) -> None:
    """The figures are those of APUs."""
    assert list(tuned.profile(a_machine(tmp_path, DISCRETE))) == []
