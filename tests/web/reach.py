"""Whether a page can be used: what axe-core finds, and whether a phone would scroll sideways."""

from typing import Any

from playwright.sync_api import Page, expect


def settled(page: Page) -> Page:
    """Wait until nothing on the page is still loading."""
    expect(page.locator("main")).to_be_visible()
    expect(page.locator("main .working")).to_have_count(0)
    return page


def violations(page: Page, axe: str) -> list[str]:
    """What axe-core finds serious or critical."""
    page.evaluate(axe)
    found: list[dict[str, Any]] = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{one['id']}: {node['html'][:200]} {node['failureSummary']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than the screen."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider
