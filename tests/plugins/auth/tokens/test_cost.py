"""What a check of a password costs."""

import pytest

from localai import SettingsError
from plugins.auth.tokens.cost import Cost


def test_less_than_owasps_minimum_is_refused() -> None:
    """19 MiB is the least, and a gigabyte the most, of memory for one check."""
    for memory in (19 * 1024, 1024 * 1024):
        Cost(memory).check()
    for memory in (0, 19 * 1024 - 1, 1024 * 1024 + 1):
        with pytest.raises(SettingsError, match="expected 19MiB to 1GiB"):
            Cost(memory).check()
