"""Photos in, answers out: by file, paste, drop and camera; one side, two sides, a tray."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageFilter

from tests.web.conftest import DESK, PHONE, Coins, Served, Visit, ask, expect, toast

pytestmark = pytest.mark.xdist_group("web")

DROP = """([selector, kind, data]) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], "photo.jpg", { type: "image/jpeg" }));
  const options = { bubbles: true, cancelable: true };
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { ...options, clipboardData: transfer })
    : new DragEvent("drop", { ...options, dataTransfer: transfer });
  document.querySelector(selector).dispatchEvent(event);
}"""
PIXELS = """(canvas) => {
  const { width, height } = canvas;
  const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
  let [x0, y0, x1, y1] = [width, height, 0, 0];
  for (let i = 3; i < data.length; i += 4) {
    if (!data[i]) continue;
    const [x, y] = [((i - 3) / 4) % width, Math.floor((i - 3) / 4 / width)];
    [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x), Math.max(y1, y)];
  }
  return [x0 / width, y0 / height, x1 / width, y1 / height];
}"""

UNCALIBRATED = """() => {
  const ask = window.fetch;
  window.fetch = async (...request) => {
    const answer = await ask(...request);
    if (request[0] !== "/v1/identify") return answer;
    const told = await answer.json();
    const answers = told.objects ?? [told];
    for (const one of answers) Object.assign(one, { known: false, calibrated: false });
    return new Response(JSON.stringify(told), answer);
  };
}"""
"""Answers as of stages without a calibration."""


def test_a_photo_is_answered_with_its_proof(visit: Visit, coins: Coins) -> None:
    item = coins.items[0]
    page = ask(visit(), coins.known[item][0])
    assert page.locator("h1").inner_text() == coins.titles[item]
    assert "in this catalogue" in page.locator(".sure").inner_text()
    assert re.search(r"known from \d+ %", page.locator(".sure").inner_text())
    assert coins.titles[item] in page.locator("#spoken").inner_text()
    for picture in page.locator(".wipe img").all():
        assert picture.evaluate("(i) => i.decode().then(() => i.naturalWidth)") > 200
    wipe = page.locator(".wipe")
    slider = page.get_by_role("slider", name="From your photo")
    slider.focus()
    page.keyboard.press("End")
    assert wipe.evaluate("(e) => e.style.getPropertyValue('--at')") == "100%"
    assert slider.get_attribute("aria-valuetext") == "100 % your photo"
    page.get_by_label("Agreement").check(force=True)
    assert page.get_by_alt_text("Map of where").is_visible()
    page.get_by_text("Where it was found").click()
    assert page.locator(".found polygon").count() == 1
    assert page.locator(".others .tile").count() == len(coins.items) - 1


def test_an_answer_speaks_the_readers_language(visit: Visit, coins: Coins, tmp_path: Path) -> None:
    path = tmp_path / "blurred.jpg"
    with Image.open(coins.known[coins.items[0]][0]) as photo:
        photo.filter(ImageFilter.GaussianBlur(0.02 * photo.width)).save(path)
    page = ask(visit(locale="zh-CN"), path)
    said = page.locator(".explanation p").all_inner_texts()
    advice = page.locator(".note li").all_inner_texts()
    assert len(said) > 1
    assert advice
    for text in (*said, *advice):
        assert re.search(r"[\u4e00-\u9fff]", text), text
    assert page.locator(".explanation [lang=zh]").count() == 1
    page.get_by_role("button", name="English").click()
    expect(page.locator(".explanation [lang=en]")).to_have_count(1)
    for text in page.locator(".explanation p, .note li").all_inner_texts():
        assert not re.search(r"[\u4e00-\u9fff]", text.replace(coins.titles[coins.items[0]], ""))


def test_what_the_catalogue_lacks_is_not_known(visit: Visit, coins: Coins) -> None:
    page = ask(visit(viewport=DESK), coins.unknown[0])
    assert page.locator("h1").inner_text() == "Not in this catalogue"
    assert page.locator(".others .tile").count() == len(coins.items)


@pytest.mark.parametrize("kind", ["paste", "drop"])
def test_photos_are_pasted_and_dropped(visit: Visit, coins: Coins, kind: str) -> None:
    item = coins.items[1]
    page = visit()
    data = base64.b64encode(coins.known[item][0].read_bytes()).decode()
    page.evaluate(DROP, ["body" if kind == "paste" else ".slot-face", kind, data])
    page.wait_for_selector(".answer")
    assert page.locator("h1").inner_text() == coins.titles[item]


def test_the_camera_outlines_the_coin_and_takes_it(visit: Visit, coins: Coins) -> None:
    item = coins.items[0]
    page = visit()
    page.get_by_role("button", name="Use the camera").click()
    page.wait_for_selector(".camera-body[data-aim=ready]")
    assert page.locator(".camera-hint").inner_text() == "Good: take it"
    drawn = page.locator(".camera canvas").evaluate(PIXELS)
    box = _true_box(coins, coins.known[item][0])
    assert drawn == pytest.approx(box, abs=0.03)
    page.get_by_role("button", name="Take the photo").click()
    page.wait_for_selector(".answer")
    assert page.locator("h1").inner_text() == coins.titles[item]
    assert page.locator("dialog").count() == 0


def _true_box(coins: Coins, photo: Path) -> list[float]:
    """Where the coin stands in the film, as shares of the frame: from the mint's own truth."""
    lines = (coins.root / "coins" / "truth.csv").read_text("utf-8").splitlines()
    head = lines[0].split(",")
    rows = [dict(zip(head, line.split(","), strict=True)) for line in lines[1:]]
    row = next(r for r in rows if r["photo"].endswith(photo.name))
    from obverse.types import Ellipse

    with Image.open(photo) as image:
        width, height = image.size
    scale = min(1.0, 720 / max(width, height))
    rim = Ellipse(*(float(row[k]) for k in ("cx", "cy", "a", "b", "angle"))).points() * scale
    left, top = (960 - int(width * scale)) // 2, (720 - int(height * scale)) // 2
    (x0, y0), (x1, y1) = rim.min(axis=0), rim.max(axis=0)
    return [(left + x0) / 960, (top + y0) / 720, (left + x1) / 960, (top + y1) / 720]


def test_without_a_live_camera_the_phones_own_is_opened(visit: Visit) -> None:
    page = visit()
    page.add_init_script("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    page.reload()
    own = page.locator("label.button input[capture=environment]")
    expect(own).to_have_count(1)
    assert page.get_by_text("https pages only").is_visible()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_phone_in_the_same_network(
    browser: Any, coins: Coins, tmp_path: Path, scheme: str
) -> None:
    """By the machine's address: over https the live camera, else the phone's own."""
    if scheme == "https" and shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    server = Served(coins, tmp_path, "--host=0.0.0.0", *(["--tls"] if scheme == "https" else []))
    near = [line for line in server.log.read_text().splitlines() if line.startswith("http")][1:]
    try:
        if not near:
            pytest.skip("this machine is in no network")
        assert near[0].startswith(f"{scheme}://")
        context = browser.new_context(
            viewport=PHONE, is_mobile=True, has_touch=True, ignore_https_errors=True
        )
        page = context.new_page()
        page.goto(near[0])
        page.wait_for_selector("h1")
        if scheme == "https":
            page.get_by_role("button", name="Use the camera").tap()
            page.wait_for_selector(".camera-body[data-aim=ready]")
            page.get_by_role("button", name="Take the photo").tap()
        else:
            own = "label.button input[capture=environment]"
            page.set_input_files(own, coins.known[coins.items[0]][0])
        page.wait_for_selector(".answer")
        assert page.locator("h1").inner_text() == coins.titles[coins.items[0]]
        context.close()
    finally:
        server.end()


def test_two_sides_give_one_answer(visit: Visit, coins: Coins) -> None:
    item = coins.items[2]
    page = visit()
    page.get_by_label("Both sides").check(force=True)
    page.locator(".slot input").first.set_input_files(coins.known[item][0])
    page.get_by_role("button", name="Identify by one side").wait_for()
    page.locator(".slot input").nth(1).set_input_files(coins.known[item][1])
    page.wait_for_selector(".answer")
    assert page.locator("h1").inner_text() == coins.titles[item]
    facts = page.locator(".facts").inner_text()
    assert re.search(r"Score\s+[01]\.\d\d · [01]\.\d\d", facts)
    assert "Turned" not in facts
    shown = page.locator(".compare:visible img").first.get_attribute("src")
    page.get_by_label("The other side").check(force=True)
    assert page.locator(".compare:visible img").first.get_attribute("src") != shown


def test_of_two_photos_the_damaged_one_is_named(visit: Visit, coins: Coins, tmp_path: Path) -> None:
    page, text = visit(), tmp_path / "text.jpg"
    text.write_text("no picture")
    page.get_by_label("Both sides").check(force=True)
    page.locator(".slot input").first.set_input_files(coins.known[coins.items[2]][0])
    page.locator(".slot input").nth(1).set_input_files(text)
    page.wait_for_selector(".toast.bad")
    assert toast(page).startswith("The other side: ")
    _forgive(page, "415")


@pytest.mark.parametrize(("viewport", "locale"), [(PHONE, "en-GB"), (DESK, "zh-CN")])
def test_two_sides_that_disagree(
    visit: Visit, coins: Coins, viewport: dict[str, int], locale: str
) -> None:
    """Each photo stands beside what it alone is like, as the drawn answer has it."""
    one, other = coins.items[1], coins.items[3]
    page = visit(viewport=viewport, locale=locale)
    page.locator("input[value=two]").check(force=True)
    ask(page, coins.pictures[one][0], coins.pictures[other][1])
    words = {"en-GB": "The two sides disagree", "zh-CN": "两面对不上"}[locale]
    assert page.locator("h1").inner_text() == words
    assert words in page.locator("#spoken").inner_text()
    parts = page.locator(".apart > section")
    expect(parts).to_have_count(2)
    for part, item in zip(parts.all(), (one, other), strict=True):
        assert part.locator("h2 a").inner_text() == coins.titles[item]
        assert "%" in part.locator("h2 small").inner_text()
        assert item in str(part.locator("h2 a").get_attribute("href"))
        both = part.locator(".beside img").all()
        assert len(both) == 2
        for picture in both:
            assert picture.evaluate("(i) => i.decode().then(() => i.naturalWidth)") > 200
    shown = [part.locator(".beside img").last.get_attribute("src") for part in parts.all()]
    assert shown[0] != shown[1]


def test_a_tray_is_answered_coin_by_coin(visit: Visit, coins: Coins, tray: Path) -> None:
    page = visit()
    page.get_by_label("A whole tray").check(force=True)
    page.set_input_files(".slot input", tray)
    page.wait_for_selector(".tray-row")
    words = page.locator(".tray-words strong").all_inner_texts()
    assert words[:3] == [coins.titles[item] for item in coins.items[:3]]
    assert words[3] == "Not in this catalogue"
    assert page.locator(".found g").count() == 4
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as a table").click()
    lines = download.value.path().read_text("utf-8").splitlines()
    assert [line.split(",")[2] for line in lines[1:4]] == coins.items[:3]
    page.locator(".tray-row").nth(1).click()
    page.wait_for_selector(".answer")
    assert page.locator("h1").inner_text() == coins.titles[coins.items[1]]
    page.get_by_role("link", name="Back to the tray").click()
    assert page.locator(".tray-row").count() == 4


def test_without_a_calibration_nothing_is_called_missing(visit: Visit, tray: Path) -> None:
    page = visit()
    page.evaluate(UNCALIBRATED)
    page.get_by_label("A whole tray").check(force=True)
    page.set_input_files(".slot input", tray)
    page.wait_for_selector(".tray-row")
    words = page.locator(".tray-words strong").all_inner_texts()
    assert words == ["Closest in this catalogue"] * 4
    assert page.locator(".hero p").inner_text().startswith("4 closest in this catalogue")
    page.locator(".tray-row").nth(1).click()
    page.wait_for_selector(".answer")
    assert page.locator(".sure").inner_text().endswith("not calibrated")
    page.get_by_role("button", name="Share as a picture").click()
    page.wait_for_selector(".sheet img")
    assert "Closest in this catalogue" in str(page.locator(".sheet img").get_attribute("alt"))


@pytest.mark.parametrize(
    ("locale", "said"), [("en-GB", "nearly the same as one of another"), ("zh-CN", "几乎相同")]
)
def test_a_picture_of_two_items_is_pointed_out(
    visit: Visit, coins: Coins, locale: str, said: str
) -> None:
    item = coins.items[0]
    page = visit("#/add", locale=locale)
    page.locator(".slot input").first.set_input_files(coins.pictures[item][0])
    page.locator(".add form input").first.fill("The twin")
    page.locator(".add form button[type=submit]").click()
    note = page.locator(".add .note:has-text('twin')")
    note.wait_for()
    assert said in note.locator("li").first.inner_text()
    assert item in note.inner_text()
    page.evaluate("fetch('/v1/items/the-twin', { method: 'DELETE' })")


def test_a_table_holds_no_formulas(visit: Visit) -> None:
    titles = ["=1+1", "-2", "+3", "@x", 'a "b"', "c\rd", "plain"]
    objects = [
        {
            "number": i,
            "known": True,
            "best": {"item": {"id": str(i), "title": t}, "probability": 0.5},
        }
        for i, t in enumerate(titles)
    ]
    call = "async (objects) => (await import('/static/pages/tray.js')).csv(objects)"
    text = visit().evaluate(call, objects)
    rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert [row[3] for row in rows] == ["'=1+1", "'-2", "'+3", "'@x", *titles[4:]]


def test_a_wrong_answer_is_corrected(visit: Visit, coins: Coins, served: Served) -> None:
    right, other = coins.items[3], coins.items[0]
    page = ask(visit(), coins.known[right][0])
    page.get_by_role("button", name="This is wrong").click()
    page.get_by_label("Search your catalogue").fill(coins.titles[other][:12])
    page.get_by_role("button", name=coins.titles[other]).click()
    page.get_by_label("Add this photo").uncheck(force=True)
    page.get_by_role("button", name="Store the correction").click()
    page.wait_for_selector(".toast")
    assert toast(page) == f"Correction stored: {coins.titles[other]}."
    kept = json.loads(page.evaluate("fetch('/v1/corrections').then((r) => r.text())"))
    last = (kept["corrections"] if isinstance(kept, dict) else kept)[-1]
    assert last["item"] == other
    assert right in json.dumps(last)


def test_what_is_new_is_added_and_found_and_taken_back(visit: Visit, coins: Coins) -> None:
    page = ask(visit(), coins.unknown[0])
    page.get_by_role("button", name="Add as a new item").click()
    page.get_by_label("Title", exact=True).fill("The stranger")
    page.get_by_label("Country", exact=True).fill("Nowhere")
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_selector(".toast")
    assert toast(page) == "The stranger added."

    page.get_by_role("link", name="Identify").click()
    page.wait_for_selector(".identify")
    ask(page, coins.unknown[0])
    assert page.locator("h1").inner_text() == "The stranger"

    page.get_by_role("link", name="The stranger").click()
    page.wait_for_selector(".item")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_selector(".toast:has-text('deleted')")
    page.get_by_role("link", name="Identify").click()
    page.wait_for_selector(".identify")
    ask(page, coins.unknown[0])
    assert page.locator("h1").inner_text() == "Not in this catalogue"


def test_two_items_that_share_the_chance_are_both_named(visit: Visit, coins: Coins) -> None:
    item = coins.items[0]
    page = ask(visit(), coins.pictures[item][0])
    page.get_by_role("button", name="Add as a new item").click()
    page.get_by_label("Title", exact=True).fill("The double")
    page.get_by_role("button", name="Add", exact=True).click()
    page.wait_for_selector(".toast")
    page.get_by_role("link", name="Identify").click()
    page.wait_for_selector(".identify")
    ask(page, coins.pictures[item][0])
    assert page.locator("h1").inner_text() == "One of several"
    spoken = page.locator("#spoken").inner_text()
    assert spoken.startswith("One of several: ")
    assert "The double" in spoken
    assert coins.titles[item] in spoken
    page.get_by_role("link", name="The double").first.click()
    page.wait_for_selector(".item")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_selector(".toast:has-text('deleted')")


def test_an_answer_is_saved_as_a_picture(visit: Visit, coins: Coins) -> None:
    page = ask(visit(), coins.known[coins.items[0]][0])
    page.get_by_role("button", name="Share as a picture").click()
    sheet = page.locator(".sheet img")
    sheet.wait_for()
    assert sheet.evaluate("(i) => i.decode().then(() => i.naturalWidth)") > 800
    with page.expect_download() as download:
        page.get_by_role("button", name="Save").click()
    assert download.value.path().read_bytes()[:3] in (b"\xff\xd8\xff", b"\x89PN")


def test_what_is_no_photo_is_refused_in_words(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "notes.jpg"
    path.write_bytes(b"dear diary " * 40)
    page = visit(viewport={"width": 360, "height": 640})
    page.set_input_files(".slot input", path)
    page.wait_for_selector(".toast.bad")
    assert re.search(r"picture|photo", toast(page))
    expect(page.locator(".slot-face")).to_contain_text("No preview of this photo")
    button = page.get_by_role("button", name="Identify", exact=True)
    button.scroll_into_view_if_needed()
    told, offered = page.locator(".toast.bad").bounding_box(), button.bounding_box()
    assert told["y"] + told["height"] < offered["y"], "the refusal lies on the button"
    _forgive(page, "415")


def _forgive(page: Any, status: str) -> None:
    """A browser logs every refused request as an error of the page; this one was provoked."""
    page.watch.errors[:] = [text for text in page.watch.errors if status not in text]
