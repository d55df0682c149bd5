"""Values are changed by copying them."""

import pytest

from core.principal import Principal


def test_a_value_is_copied_changed() -> None:
    """A copy has the changed fields, and the original keeps its own."""
    one = Principal(id="one", tenant="lab")
    assert one.replace(id="two") == Principal(id="two", tenant="lab")
    assert one.id == "one"


def test_a_value_can_not_be_changed_itself() -> None:
    """A value can be shared by all who hold it."""
    with pytest.raises(AttributeError):
        Principal(id="one").id = "two"  # type: ignore[misc]
