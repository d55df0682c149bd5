"""The base of the values that flow through the chain."""

from typing import Any, Self

import msgspec
from msgspec import Struct


class Value(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An immutable value with a method to copy it changed."""

    def replace(self, **changes: Any) -> Self:
        """Return a copy with these fields changed."""
        return msgspec.structs.replace(self, **changes)
