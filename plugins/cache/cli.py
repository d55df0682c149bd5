"""The group `localai cache`, which several plugins add commands to."""

import click


def cache_group(cli: click.Group) -> click.Group:
    """Return the group `cache` of the command line; make it when it is not there yet."""
    found = cli.commands.get("cache")
    if isinstance(found, click.Group):
        return found

    @cli.group()
    def cache() -> None:
        """See what the cache does, and remove from it."""

    return cache
