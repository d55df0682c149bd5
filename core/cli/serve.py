"""`localai serve`."""

from pathlib import Path

import click
import msgspec

from core.config import find, load


@click.command()
@click.option("--config", "-c", type=click.Path(path_type=Path, dir_okay=False), help="The file.")
@click.option("--host", help="Address to listen on, instead of the file's.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port, instead of the file's.")
@click.pass_context
def serve(ctx: click.Context, config: Path | None, host: str | None, port: int | None) -> None:
    """Start the router."""
    from core import logs
    from core.server import serve as run

    settings = load(find(config) if config else ctx.obj)
    options = {"host": host, "port": port}
    given = {key: value for key, value in options.items() if value is not None}
    server = msgspec.structs.replace(settings.server, **given)
    settings = msgspec.structs.replace(settings, server=server, overrides=frozenset(given))
    logs.configure(settings.log)
    import uvloop

    uvloop.run(run(settings))


def add_to(cli: click.Group) -> None:
    """Add the command."""
    cli.add_command(serve)
