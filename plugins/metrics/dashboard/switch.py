"""Switching a plugin on or off: one word in `localai.toml`, and a reload."""

import asyncio
from pathlib import Path
from typing import Any

import structlog

from localai import Forbidden, Gateway, GatewayError, InvalidRequest, NotFound, SettingsError
from plugins.metrics.dashboard import settings_file
from plugins.metrics.dashboard.switches import listed
from plugins.metrics.dashboard.toml_edit import CannotEdit, with_enabled

log = structlog.get_logger("dashboard")


class Conflict(GatewayError):
    """The settings file is not as it would have to be."""

    status = 409
    type = "invalid_request_error"
    default_code = "conflict"
    retry = False


class Switch:
    """Edits the file for one caller at a time; what does not load is put back."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._turn = asyncio.Lock()

    async def turn(self, name: str, *, on: bool, by: str) -> list[dict[str, Any]]:
        """Switch a plugin and return all plugins as they are then; `by` is the caller's id.

        Raises `NotFound`, `Forbidden`, `Conflict`, and `InvalidRequest` with the words of the
        settings' own check.
        """
        async with self._turn:
            plugins = await asyncio.to_thread(listed, self._gateway)
            known = next((each for each in plugins if each["name"] == name), None)
            if known is None:
                raise NotFound("there is no plugin of this name: GET /health lists those that run")
            path = self._gateway.settings.document.path
            if path is None:
                raise Conflict(
                    "there is no localai.toml to edit: start the router with one, by --config FILE"
                )
            if not known["switchable"]:
                raise Forbidden(f"'{name}' can't be switched here: {known['why_not']}")
            if known["enabled"] == on:
                return plugins
            # To the end, even if the caller leaves: the file and what runs must agree.
            work = asyncio.create_task(self._change(path, name, on=on), name="switch a plugin")
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                await asyncio.gather(work, return_exceptions=True)
                raise
            log.info("plugin switched", plugin=name, on=on, by=by)
            return await asyncio.to_thread(listed, self._gateway)

    async def _change(self, path: Path, name: str, *, on: bool) -> None:
        file = path.name
        try:
            before = await asyncio.to_thread(settings_file.read, path)
            if _plain(before) != _plain(self._gateway.settings.document.text):
                raise Conflict(
                    f"{file} has changes that are not in use: mend it or reload it, then try again"
                )
            after = await asyncio.to_thread(with_enabled, before, self._where(name), on)
            await asyncio.to_thread(settings_file.replace, path, before, after)
        except CannotEdit as error:
            raise Conflict(f"{file}: {error}") from None
        except settings_file.Changed:
            raise Conflict(f"{file} was changed meanwhile: look at it, then try again") from None
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror or str(error) if isinstance(error, OSError) else "it is not UTF-8"
            raise Conflict(f"{file} can't be edited: {why}") from None
        word = "on" if on else "off"
        try:
            await self._gateway.reload(f"'{name}' switched {word} on the page")
        except SettingsError as error:
            await self._put_back(path, after, before)
            raise InvalidRequest(
                f"'{name}' can't be switched {word}: {_without_folder(str(error), path)}",
                code="bad_settings",
            ) from None

    async def _put_back(self, path: Path, after: str, before: str) -> None:
        try:
            await asyncio.to_thread(settings_file.replace, path, after, before)
            await self._gateway.reload("the file is as it was")
        except OSError:
            log.exception("the settings file could not be put back: look at it", file=path.name)
        except SettingsError:
            pass  # logged where it was found

    def _where(self, name: str) -> tuple[str, ...]:
        own = "use" in self._gateway.settings.plugins.get(name, {})
        return ("plugins", name) if own else ("plugins", *name.split("."))


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _without_folder(message: str, path: Path) -> str:
    return message.replace(f"{path.parent}/", "").replace(f"{path.resolve().parent}/", "")
