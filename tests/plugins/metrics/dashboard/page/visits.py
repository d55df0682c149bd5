"""Pages that a test has open, and what the browser says of them."""

import os
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize

from tests.plugins.metrics.dashboard.page.fake import Fake

DESK: ViewportSize = {"width": 1280, "height": 900}
SMALL: ViewportSize = {"width": 320, "height": 640}
DARK: dict[str, Any] = {"color_scheme": "dark"}
PHONE: dict[str, Any] = {"viewport": SMALL, "has_touch": True}


class Visits:
    """Opens pages, and keeps what the browser complains of."""

    def __init__(self, browser: Browser, patience: float) -> None:
        self._browser = browser
        self._patience = patience
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []
        """Uncaught errors, and console errors such as those for a broken policy."""

    async def blank(self, **options: Any) -> Page:
        """Return a new page of a browser that knows nothing yet."""
        known: dict[str, Any] = {"viewport": DESK, "timezone_id": "UTC", "locale": "en-US"}
        context = await self._browser.new_context(**(known | options))
        self._contexts.append(context)
        context.set_default_timeout(self._patience)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._heard)
        return page

    async def open(self, fake: Fake, **options: Any) -> Page:
        """Return a page that shows the dashboard."""
        page = await self.blank(**options)
        await page.goto(fake.url)
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        # What the router refuses is shown to people, the browser says it here too.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    async def close(self) -> None:
        """Leave all pages."""
        for context in self._contexts:
            await context.close()


async def shoot(page: Page, name: str) -> None:
    """Keep a screenshot in the folder that LOCALAI_SCREENSHOTS names, if it does."""
    if folder := os.environ.get("LOCALAI_SCREENSHOTS"):
        await page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
