"""The collection in a browser: find, change, delete, merge, import, and scroll without end."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.web.conftest import DESK, Coins, Visit, toast

pytestmark = pytest.mark.xdist_group("web")

MANY = 100_000


def names(page: Any) -> list[str]:
    page.wait_for_selector(".tile:not(.blank)")
    return list(page.locator(".grid .tile strong").all_inner_texts())


def test_search_filter_and_sort(visit: Visit, coins: Coins) -> None:
    page = visit("#/collection")
    assert names(page) == sorted(coins.titles.values())
    page.get_by_label("Sort").select_option("-title")
    page.wait_for_function(f"document.querySelector('.grid strong').textContent === {json.dumps(max(coins.titles.values()))}")  # fmt: skip  # noqa: E501
    wanted = coins.titles[coins.items[0]]
    page.get_by_role("searchbox", name="Search").fill(wanted.split(",")[0].lower())
    page.get_by_role("status").filter(has_text="1 item").wait_for()
    assert names(page) == [wanted]
    page.get_by_role("searchbox", name="Search").fill("")
    page.get_by_role("status").filter(has_text=f"{len(coins.items)} items").wait_for()
    page.get_by_role("button", name="Filter").click()
    country = wanted.split()[0]
    page.get_by_label("Country").select_option(country)
    page.get_by_role("button", name="Show").click()
    page.get_by_role("button", name=f"Remove the filter Country: {country}").wait_for()
    page.wait_for_function("document.querySelectorAll('.grid .tile').length === 1")
    assert names(page) == [wanted]
    assert f"country={country}" in page.url
    page.reload()
    assert names(page) == [wanted]


def test_an_item_is_edited(visit: Visit, coins: Coins) -> None:
    item = coins.items[1]
    page = visit(f"#/item/{item}")
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Title").fill("Renamed 钱币")
    page.get_by_label("Metal").fill("unobtainium")
    page.get_by_role("button", name="Another attribute").click()
    page.get_by_label("attribute", exact=True).fill("weight_g")
    page.get_by_label("value", exact=True).fill("7.25")
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("h1:has-text('Renamed 钱币')")
    stored = page.evaluate(f"fetch('/v1/items/{item}').then((r) => r.json())")
    assert stored["title"] == "Renamed 钱币"
    assert stored["attributes"]["metal"] == "unobtainium"
    assert stored["attributes"]["weight_g"] == 7.25
    assert isinstance(stored["attributes"]["year_from"], int)
    page.evaluate(
        """([id, title]) => fetch(`/v1/items/${id}`, { method: "PATCH",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ title, attributes: { weight_g: null } }) })""",
        [item, coins.titles[item]],
    )


def test_delete_and_undo(visit: Visit, coins: Coins) -> None:
    page = visit("#/collection")
    before = names(page)
    page.get_by_role("button", name="Select").click()
    page.locator(".pickable input").first.check(force=True)
    page.locator(".select-bar").get_by_role("button", name="Delete").click()
    page.wait_for_function(f"document.querySelectorAll('.grid .tile').length === {len(before) - 1}")
    assert names(page) == before[1:]
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function(f"document.querySelectorAll('.grid .tile').length === {len(before)}")
    assert names(page) == before


def test_a_picture_is_added_deleted_and_brought_back(visit: Visit, coins: Coins) -> None:
    item = coins.items[2]
    page = visit(f"#/item/{item}")
    page.wait_for_selector(".view img")
    page.locator(".more input[type=file]:not([capture])").set_input_files(coins.known[item][0])
    page.wait_for_function("document.querySelectorAll('.item-views .view').length === 3")
    page.get_by_role("button", name="Delete this picture").nth(2).click()
    page.wait_for_function("document.querySelectorAll('.item-views .view').length === 2")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("document.querySelectorAll('.item-views .view').length === 3")
    page.get_by_role("button", name="Delete this picture").nth(2).click()
    page.wait_for_function("document.querySelectorAll('.item-views .view').length === 2")


def test_items_are_merged_and_parted_again(visit: Visit, coins: Coins) -> None:
    page = visit("#/collection", viewport=DESK)
    before = names(page)
    page.get_by_role("button", name="Select").click()
    for k in (0, 1):
        page.locator(".pickable input").nth(k).check(force=True)
    page.locator(".select-bar").get_by_role("button", name="Merge").click()
    page.get_by_role("button", name="Merge 2 items").click()
    page.wait_for_selector(".toast:has-text('Merged')")
    assert toast(page) == f"Merged into {before[0]}."
    page.wait_for_function(f"document.querySelectorAll('.grid .tile').length === {len(before) - 1}")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function(f"document.querySelectorAll('.grid .tile').length === {len(before)}")
    assert names(page) == before


def test_a_zip_is_imported_with_progress(visit: Visit, coins: Coins, tmp_path: Path) -> None:
    path = tmp_path / "more.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for k, photo in enumerate(coins.unknown):
            archive.write(photo, f"zip-one/{k}.jpg")
        archive.writestr("zip-one/broken.jpg", b"\xff\xd8\xff and nothing more")
    page = visit("#/import")
    page.set_input_files(".drop input", path)
    page.wait_for_selector("text=2 pictures added, 0 were there already, 1 could not be used.")
    assert "broken.jpg" in page.locator(".note").inner_text()
    page.goto(page.url.split("#")[0] + "#/item/zip-one")
    page.wait_for_selector(".item-views .view")
    assert page.locator(".item-views .view").count() == 2
    page.get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_selector(".toast:has-text('deleted')")


def test_duplicates_are_found(visit: Visit, coins: Coins) -> None:
    page = visit("#/add")
    # The same design twice: another photo of a known item, as an item of its own.
    page.set_input_files(".slot input >> nth=0", coins.pictures[coins.items[4]][0])
    page.wait_for_selector(".note:has-text('already here')")
    page.set_input_files(".slot input >> nth=0", coins.known[coins.items[4]][0])
    page.get_by_label("Title").fill("Twin")
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_selector(".toast:has-text('added')")
    page.get_by_role("link", name="Duplicates").click()
    page.get_by_role("button", name="Look for duplicates").click()
    page.wait_for_selector(".group")
    assert page.locator(".group").count() == 1
    shown = set(page.locator(".group strong").all_inner_texts())
    assert shown == {"Twin", coins.titles[coins.items[4]]}
    page.get_by_role("button", name="Keep apart").click()
    page.wait_for_selector("text=No duplicates")
    page.goto(page.url.split("#")[0] + "#/item/twin")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_selector(".toast:has-text('deleted')")


@pytest.mark.parametrize("viewport", [DESK, {"width": 390, "height": 844}], ids=["desk", "phone"])
def test_a_hundred_thousand_items_scroll(visit: Visit, viewport: dict[str, int]) -> None:
    asked: list[int] = []

    def answer(route: Any) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        offset, limit = int(query["offset"][0]), int(query["limit"][0])
        asked.append(offset)
        items = [
            {
                "id": f"i{k}",
                "title": f"Item {k}",
                "attributes": {},
                "views": 1,
                "thumbnail": "/static/icon.svg",
            }
            for k in range(offset, min(offset + limit, MANY))
        ]
        route.fulfill(json={"total": MANY, "items": items})

    page = visit(viewport=viewport, service_workers="block")
    page.route("**/v1/items?*", answer)
    page.goto(page.url + "#/collection")
    page.wait_for_selector("text=Item 0")
    assert "100,000 items" in page.locator(".count").inner_text()

    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_selector(f"text=Item {MANY - 1}")
    page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
    page.wait_for_function(
        """() => [...document.querySelectorAll(".grid .tile strong")].some((e) => {
          const n = Number(e.textContent.slice(5)), box = e.getBoundingClientRect();
          return Math.abs(n - 50000) < 500 && box.top > 0 && box.bottom < innerHeight;
        })"""
    )
    assert page.locator(".grid li").count() < 80
    assert len(asked) < 12

    page.locator(".grid li a[tabindex='0'], .grid li a").first.focus()
    page.keyboard.press("Home")
    page.wait_for_function("document.activeElement.textContent.includes('Item 0')")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.activeElement.textContent.includes('Item 1')")
    page.keyboard.press("End")
    page.wait_for_selector(f"text=Item {MANY - 1}")
    place = page.locator(".grid li").last
    assert place.get_attribute("aria-setsize") == str(MANY)
    assert place.get_attribute("aria-posinset") == str(MANY)
