"""How much the machine may do."""

from plugins.routing.quiet.restraint import NONE, Restraint


def test_no_restraint_is_all_slots() -> None:
    """Without a reason all slots may be busy, and speed counts."""
    assert Restraint(slots=1.0, saving=False, reason="") == NONE
