"""The collection in a browser: find, change, delete, merge, import, and scroll without end."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import DESK, Coins, Visit, expect, toast

pytestmark = pytest.mark.xdist_group("web")

MANY = 100_000
LONG_LIST = """(total) => {
  const real = window.fetch;
  window.asked = [];
  window.fetch = (path, options) => {
    const url = new URL(path, location.href);
    if (url.pathname !== "/v1/items") return real(path, options);
    const [offset, limit] = ["offset", "limit"].map((name) => Number(url.searchParams.get(name)));
    window.asked.push(offset);
    const items = Array.from({ length: Math.min(limit, total - offset) }, (_, k) => ({
      id: `i${offset + k}`, title: `Item ${offset + k}`, attributes: {}, views: 1,
      thumbnail: "/static/icon.svg",
    }));
    return Promise.resolve(Response.json({ total, items }));
  };
}"""


MIDDLE = re.compile(r"Item (49[5-9]|50[0-4])\d\d$")


def in_sight(tile: Any) -> bool:
    box = tile.bounding_box()
    return bool(box and 0 <= box["y"] < 800)


def names(page: Any) -> list[str]:
    page.wait_for_selector(".tile:not(.blank)")
    return list(page.locator(".grid .tile strong").all_inner_texts())


def test_search_filter_and_sort(visit: Visit, coins: Coins) -> None:
    page = visit("#/collection")
    assert names(page) == sorted(coins.titles.values())
    page.get_by_label("Sort").select_option("-title")
    expect(page.locator(".grid strong").first).to_have_text(max(coins.titles.values()))
    wanted = coins.titles[coins.items[0]]
    page.get_by_role("searchbox", name="Search").fill(wanted.split(",")[0].lower())
    page.get_by_role("status").filter(has_text="1 item").wait_for()
    assert names(page) == [wanted]
    page.get_by_role("searchbox", name="Search").fill("")
    page.get_by_role("status").filter(has_text=f"{len(coins.items)} items").wait_for()
    page.get_by_role("button", name="Filter").click()
    country = wanted.split()[0]
    page.get_by_label("Country", exact=True).select_option(country)
    page.get_by_role("button", name="Show").click()
    page.get_by_role("button", name=f"Remove the filter Country: {country}").wait_for()
    expect(page.locator(".grid .tile")).to_have_count(1)
    assert names(page) == [wanted]
    assert f"country={country}" in page.url
    page.reload()
    assert names(page) == [wanted]


def test_an_item_is_edited(visit: Visit, coins: Coins) -> None:
    item = coins.items[1]
    page = visit(f"#/item/{item}")
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Title", exact=True).fill("Renamed 钱币")
    page.get_by_label("Metal", exact=True).fill("unobtainium")
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


def test_the_focus_goes_along_with_editing(visit: Visit, coins: Coins) -> None:
    page = visit(f"#/item/{coins.items[1]}")
    page.get_by_role("button", name="Edit").click()
    expect(page.locator("h1", has_text="Edit")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Title", exact=True)).to_be_focused()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Edit")).to_be_focused()


def test_delete_and_undo(visit: Visit, coins: Coins) -> None:
    page = visit("#/collection")
    before = names(page)
    page.get_by_role("button", name="Select").click()
    page.locator(".pickable input").first.check(force=True)
    page.locator(".select-bar").get_by_role("button", name="Delete").click()
    expect(page.locator(".grid .tile")).to_have_count(len(before) - 1)
    assert names(page) == before[1:]
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".grid .tile")).to_have_count(len(before))
    assert names(page) == before


def test_a_picture_is_added_deleted_and_brought_back(visit: Visit, coins: Coins) -> None:
    item = coins.items[2]
    page = visit(f"#/item/{item}")
    page.wait_for_selector(".view img")
    page.locator(".more input[type=file]:not([capture])").set_input_files(coins.known[item][0])
    expect(page.locator(".item-views .view")).to_have_count(3)
    new = 1  # the obverse that was there, this one, and the reverse
    page.get_by_role("button", name="Delete this picture").nth(new).click()
    expect(page.locator(".item-views .view")).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".item-views .view")).to_have_count(3)
    page.get_by_role("button", name="Delete this picture").nth(new).click()
    expect(page.locator(".item-views .view")).to_have_count(2)
    stored = page.evaluate(f"fetch('/v1/items/{item}').then((r) => r.json())")
    assert {view["side"] for view in stored["views"]} == {"obverse", "reverse"}


def test_a_pictures_side_is_told(visit: Visit, coins: Coins) -> None:
    item = coins.items[3]
    page = visit(f"#/item/{item}")
    sides = page.locator(".item-views .view").get_by_role("combobox")
    read = "[...document.querySelectorAll('.item-views select')].map((one) => one.value)"
    stored = f"fetch('/v1/items/{item}').then((r) => r.json())"
    expect(sides).to_have_count(2)
    expect(sides.first).to_have_accessible_name("Which side this picture shows: Obverse")
    ours = page.locator(".item-views img").first.get_attribute("src").split("?")[0]
    for side, shown in (("other", ["reverse", "other"]), ("", ["reverse", ""])):
        at = page.evaluate(read).index("obverse" if side else "other")
        sides.nth(at).select_option(side)
        expect(page.locator("[aria-busy]")).to_have_count(0)
        expect(sides.last).to_have_value(shown[1])
        assert page.evaluate(read) == shown, "those that nobody named come last"
        views = {view["thumbnail"]: view["side"] for view in page.evaluate(stored)["views"]}
        assert views[ours] == side
    page.reload()
    expect(sides.last).to_have_value("")
    sides.last.select_option("obverse")
    expect(sides.first).to_have_value("obverse")


def test_an_id_that_is_the_name_is_shown_once(visit: Visit) -> None:
    line = "async (item) => (await import('/static/items.js')).lineOf(item)"
    page = visit()
    for item, shown in (
        ({"id": "0007", "title": "", "attributes": {}}, ""),
        ({"id": "0007", "title": "0007"}, ""),
        ({"id": "0007", "title": "2 crowns"}, "0007"),
        ({"id": "0007", "title": "", "attributes": {"country": "Norland"}}, "Norland"),
    ):
        assert page.evaluate(line, item) == shown


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
    expect(page.locator(".grid .tile")).to_have_count(len(before) - 1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".grid .tile")).to_have_count(len(before))
    assert names(page) == before


def test_a_zip_is_imported_with_progress(visit: Visit, coins: Coins, tmp_path: Path) -> None:
    path = tmp_path / "more.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for k, photo in enumerate(coins.unknown):
            archive.write(photo, f"zip-one/{k}.jpg")
        archive.writestr("zip-one/broken.jpg", b"\xff\xd8\xff and nothing more")
    page, wrong = visit("#/import"), tmp_path / "wrong.zip"
    wrong.write_bytes(b"no zip")
    page.set_input_files(".drop input", wrong)
    page.wait_for_selector(".toast.bad:has-text('no zip')")
    page.set_input_files(".drop input", path)
    page.wait_for_selector("text=2 pictures added, 0 were there already, 1 could not be used.")
    assert "broken.jpg" in page.locator(".note").inner_text()
    assert page.locator(".toast").count() == 0, "what went wrong before is over"
    page.watch.errors[:] = [text for text in page.watch.errors if "422" not in text]
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
    page.get_by_label("Title", exact=True).fill("Twin")
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
    page = visit(viewport=viewport, service_workers="block")
    page.evaluate(LONG_LIST, MANY)
    page.evaluate("location.hash = '#/collection'")
    page.wait_for_selector("text=Item 0")
    assert "100,000 items" in page.locator(".count").inner_text()

    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_selector(f"text=Item {MANY - 1}")
    page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
    expect(page.locator(".grid strong", has_text=MIDDLE).first).to_be_attached()
    seen = [tile.inner_text() for tile in page.locator(".grid strong").all() if in_sight(tile)]
    assert seen
    assert all(MIDDLE.match(name) for name in seen)
    assert page.locator(".grid li").count() < 80
    assert page.evaluate("window.asked.length") < 12

    page.locator(".grid li a[tabindex='0'], .grid li a").first.focus()
    page.keyboard.press("Home")
    expect(page.locator(":focus strong")).to_have_text("Item 0")
    page.keyboard.press("ArrowRight")
    expect(page.locator(":focus strong")).to_have_text("Item 1")
    page.keyboard.press("End")
    page.wait_for_selector(f"text=Item {MANY - 1}")
    place = page.locator(".grid li").last
    assert place.get_attribute("aria-setsize") == str(MANY)
    assert place.get_attribute("aria-posinset") == str(MANY)
