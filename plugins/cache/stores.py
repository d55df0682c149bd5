"""What keeps a router's answers, which the plugins of this family share: that of `cache.exact`."""

from typing import Any
from weakref import WeakKeyDictionary

from plugins.cache.keeping import Keeping

_keepings: WeakKeyDictionary[Any, Keeping] = WeakKeyDictionary()


def keeping_of(gateway: Any) -> Keeping | None:
    """Return what is in use; `None` while there is none."""
    return _keepings.get(gateway)


def offer(gateway: Any, keeping: Keeping) -> None:
    """Have others use this from now on."""
    _keepings[gateway] = keeping


def withdraw(gateway: Any, keeping: Keeping) -> None:
    """Have nobody use this any more; what was offered since then stays."""
    if _keepings.get(gateway) is keeping:
        del _keepings[gateway]
