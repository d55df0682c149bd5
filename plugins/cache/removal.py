"""Which entries are to be removed, as a request's query says it."""

from collections.abc import Iterable

from msgspec import Struct

from localai import InvalidRequest, NotFound, Principal, read_query
from plugins.cache.digests import listed_name
from plugins.cache.entry import Head

PARAMETERS = ("prefix", "model", "tag", "tenant", "key", "all")


class Removal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an entry must be to be removed: all that is said here."""

    prefix: str = ""
    """How its key begins: `chat:` is all chats."""
    model: str = ""
    tag: str = ""
    tenant: str | None = None
    key: str = ""
    """Its own key, or the id of the caller that it was made for: keys of entries begin with what
    was asked for, such as `chat:`, and ids with `key:`, `user:` or `static:`."""

    def wants(self, head: Head) -> bool:
        """Say whether an entry whose key has the prefix is to be removed."""
        return (
            (self.tenant is None or head.tenant == self.tenant)
            and (not self.model or listed_name(head.model) == self.model)
            and (not self.tag or self.tag in head.tags)
            and (not self.key or self.key in (head.key, head.caller))
        )


def removal(pairs: Iterable[tuple[str, str]], caller: Principal) -> Removal:
    """Return what a query asks a caller's request to remove.

    A caller without the scope `*` removes entries of its own tenant only. Raises `NotFound` for
    another tenant, and `InvalidRequest` for what is malformed.
    """
    said = read_query(pairs, PARAMETERS)
    if everything := said.pop("all", ""):
        if everything != "true":
            raise InvalidRequest("all: give all=true, or leave it out", param="all")
        if said:
            raise InvalidRequest(f"give all=true or {', '.join(said)}, not both", param="all")
    elif not said:
        raise InvalidRequest(
            f"say what to remove: {', '.join(PARAMETERS[:-1])}, of which all must match; "
            "all=true removes everything"
        )
    key = said.get("key", "anonymous")
    if ":" not in key and key != "anonymous":
        raise InvalidRequest(
            "key: give an entry's key such as 'chat:…' or the id of a caller such as 'key:…', "
            "'user:…' or 'anonymous'",
            param="key",
        )
    if "model" in said:
        said["model"] = listed_name(said["model"])
    if not caller.may("*") and said.setdefault("tenant", caller.tenant) != caller.tenant:
        raise NotFound("there is no such tenant here: leave 'tenant' out to mean your own")
    return Removal(**said)
