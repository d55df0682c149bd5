"""How much the machine may do just now."""

from localai import Value


class Restraint(Value, frozen=True, kw_only=True):
    """What the choice of models and the queue follow."""

    slots: float = 1.0
    """Share of the slots that may be busy, above 0 and at most 1; one slot is always left."""
    saving: bool = False
    """Whether less energy counts for more than a quicker answer."""
    reason: str = ""
    """Why, in ASCII; empty without restraint."""


NONE = Restraint()
"""All slots, and no saving."""
