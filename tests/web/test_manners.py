"""What holds on every page: languages, dark, keyboard, screen readers, weight, keys, no network."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

import obverse
from obverse.errors import ObverseError
from tests.web.conftest import DESK, PHONE, Coins, Served, Visit, ask, toast

pytestmark = pytest.mark.xdist_group("web")

WEB = Path(obverse.__file__).parent / "server" / "web"
PAGES = ("", "#/collection", "#/add", "#/import", "#/duplicates", "#/about")
FIRST_PAGE = 150_000
"""Bytes that the first page may take, compressed, before pictures."""
FOCUSED = "(document.querySelector(':focus')?.textContent ?? '').trim()"
KEY = "a key of twenty-two letters"


def scripts() -> list[Path]:
    return sorted(WEB.rglob("*.js"))


def test_both_languages_say_everything(visit: Visit) -> None:
    page = visit()
    read = "import('/static/words/%s.js').then((m) => m.default)"
    english, chinese = (page.evaluate(read % code) for code in ("en", "zh"))
    # The server's errors are English already: their translations have no English beside them.
    extra = {key for key in chinese if key not in english}
    assert {key.split(".")[0] for key in extra} <= {"error", "hint"}
    assert set(english) <= set(chinese)
    for key, text in english.items():
        texts = text.values() if isinstance(text, dict) else [text]
        for one in texts:
            assert _holes(one) == _holes(chinese[key]), key
    used = {key for path in scripts() for key in re.findall(r'\bt\(\s*"([^"]+)"', path.read_text())}
    assert used <= set(english)
    # The other way round, by stem where the code puts a key together.
    code = "\n".join(path.read_text() for path in scripts() if path.parent.name != "words")
    for key in english:
        stem = key.rsplit(".", 1)[0]
        assert f'"{key}"' in code or f"`{stem}.${{" in code or f'told("{stem}"' in code, key


def test_every_error_and_its_hint_are_chinese(visit: Visit) -> None:
    def named(kind: type) -> set[str]:
        return {kind.__name__}.union(*map(named, kind.__subclasses__()))

    page = visit()
    chinese = page.evaluate("import('/static/words/zh.js').then((m) => m.default)")
    # The root is never raised, and nobody presses Ctrl-C in a request; what is no error of the tree
    # comes without a hint.
    hinted = named(ObverseError) - {"ObverseError", "Interrupted"}
    hinted |= {"UsageError.zip"}
    assert {key[5:] for key in chinese if key[:5] == "hint."} == hinted
    said = hinted | {"Offline", "InternalError"}
    assert {key[6:] for key in chinese if key[:6] == "error."} == said


def test_a_bad_photo_is_refused_in_chinese_alone(visit: Visit, tmp_path: Path) -> None:
    wrong = tmp_path / "text.jpg"
    wrong.write_text("no picture")
    page = visit(locale="zh-CN")
    page.locator(".slot input").first.set_input_files(wrong)
    page.wait_for_selector(".toast")
    said = toast(page)
    assert "这不是照片。 — 请使用 JPEG、PNG" in said
    assert not re.search(r"[a-z]{2,}", said.replace("WebP", ""))
    page.watch.errors[:] = [e for e in page.watch.errors if "415" not in e]


def _holes(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_a_bad_zip_is_called_one_in_chinese(visit: Visit, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.zip"
    wrong.write_bytes(b"no zip")
    page = visit("#/import", locale="zh-CN")
    page.set_input_files(".drop input", wrong)
    page.wait_for_selector(".toast")
    assert toast(page).startswith("这个 zip 文件无法使用。")
    page.watch.errors[:] = [e for e in page.watch.errors if "422" not in e]


def test_every_page_is_chinese(visit: Visit, coins: Coins) -> None:
    page = visit(locale="zh-CN")
    assert page.locator("html").get_attribute("lang") == "zh"
    for place in (*PAGES, f"#/item/{coins.items[0]}"):
        page.evaluate("(hash) => { location.hash = hash || '#/'; }", place)
        page.wait_for_load_state("networkidle")
        assert re.search(r"[\u4e00-\u9fff]", page.locator("nav [aria-current]").inner_text())
        left = page.evaluate(
            """() => [...document.querySelectorAll("button, nav a, h1, h2, label, summary, option")]
              .filter((e) => !e.closest("[lang]:not(html)"))
              .map((e) => e.getAttribute("aria-label") ?? e.textContent.trim())
              .filter((text) => text && !/[\\u4e00-\\u9fff]/.test(text))"""
        )
        # What the catalogue itself says stays as it is.
        assert set(left) <= {coins.titles[coins.items[0]]}, place


def test_about_shows_the_last_evaluation(visit: Visit, coins: Coins) -> None:
    report = json.loads((coins.report / "report.json").read_text("utf-8"))
    page = visit("#/about")
    page.wait_for_selector(".figures")
    shown = {
        figure.locator("dt").inner_text(): figure.locator("strong").inner_text()
        for figure in page.locator(".figures > div").all()
    }
    for name, value in (
        ("right at first", report["recall"]["1"]),
        ("wrong answers", report["open_set"]["shipped"]["wrong"]),
    ):
        assert float(shown[name].removesuffix(" %")) == pytest.approx(100 * value, abs=0.05)
    assert page.locator(".reliability .dot").count() == len(report["reliability"])
    page.get_by_role("link", name="The whole report").click()
    page.wait_for_selector("h1")
    assert report["protocol"] in page.locator("h1").inner_text()


def test_nothing_is_wider_than_a_small_phone(visit: Visit, coins: Coins) -> None:
    page = visit(viewport={"width": 320, "height": 640})

    def check(name: str) -> None:
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, name

    for place in (*PAGES, f"#/item/{coins.items[0]}"):
        page.evaluate("(hash) => { location.hash = hash || '#/'; }", place)
        check(place)
    page.get_by_role("button", name="Edit").click()
    check("edit")
    page.evaluate("location.hash = '#/'")
    ask(page, coins.known[coins.items[0]][0])
    check("answer")


def test_the_language_is_switched_and_kept(visit: Visit) -> None:
    page = visit("#/about")
    page.get_by_role("button", name="中文").click()
    page.wait_for_selector("h1:has-text('关于')")
    page.reload()
    page.wait_for_selector("h1:has-text('关于')")
    page.get_by_role("button", name="English").click()
    page.wait_for_selector("h1:has-text('About')")


def test_dark_follows_the_system_and_the_switch(visit: Visit) -> None:
    def light(page: Any) -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", colour)[:3])) // 3

    page = visit(color_scheme="dark")
    assert light(page) < 40
    page.get_by_role("button", name="Light", exact=True).click()
    assert light(page) > 220
    page.reload()
    page.wait_for_selector("h1")
    assert light(page) > 220


@pytest.mark.parametrize(("viewport", "scheme"), [(PHONE, "dark"), (DESK, "light")],
                         ids=["phone-dark", "desk-light"])  # fmt: skip
def test_axe_finds_nothing(visit: Visit, coins: Coins, viewport: Any, scheme: str) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    ).Axe()
    page = visit(viewport=viewport, color_scheme=scheme)
    found = {}

    def check(name: str) -> None:
        broken = axe.run(page).response["violations"]
        found.update({f"{name}: {v['id']}": [n["html"] for n in v["nodes"]] for v in broken})

    for place in (*PAGES, f"#/item/{coins.items[0]}"):
        page.evaluate("(hash) => { location.hash = hash || '#/'; }", place)
        page.wait_for_selector("h1")
        page.wait_for_load_state("networkidle")
        check(place)
    page.get_by_role("button", name="Edit").click()
    check("edit")
    page.evaluate("location.hash = '#/collection'")
    page.get_by_role("button", name="Select").click()
    check("select")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_selector(".dialog select")
    check("filter")
    page.keyboard.press("Escape")
    page.evaluate("location.hash = '#/'")
    ask(page, coins.known[coins.items[0]][0])
    check("answer")
    page.get_by_role("button", name="This is wrong").click()
    check("wrong")
    page.keyboard.press("Escape")
    page.evaluate("location.hash = '#/'")
    page.get_by_role("button", name="Use the camera").click()
    page.wait_for_selector(".camera-body[data-aim]")
    check("camera")
    assert found == {}


def test_by_keyboard_alone(visit: Visit, coins: Coins) -> None:
    page = visit("#/about", viewport=DESK)
    press = page.keyboard.press

    def focused() -> str:
        return str(page.evaluate(FOCUSED))

    def tab_to(name: str) -> None:
        for _ in range(40):
            press("Tab")
            label = page.evaluate("document.activeElement.ariaLabel ?? ''")
            if name in focused() or name in label:
                return
        raise AssertionError(f"no way by Tab to {name}")

    press("Tab")
    assert focused() == "Skip to the content"
    ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert ring == "solid"
    press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"

    page.evaluate("document.activeElement.blur()")
    tab_to("Identify")
    press("Enter")
    page.wait_for_selector(".identify")
    assert focused() == "Which one is it?"
    tab_to("A photo of it")
    with page.expect_file_chooser() as chooser:
        press("Space")
    item = coins.items[0]
    chooser.value.set_files(coins.known[item][0])
    page.wait_for_selector(".answer")
    assert focused() == coins.titles[item]
    tab_to("From your photo")
    press("ArrowRight")
    assert page.get_by_role("slider").get_attribute("aria-valuetext") == "51 % your photo"

    tab_to("This is wrong")
    press("Enter")
    page.wait_for_selector("dialog")
    press("Escape")
    assert focused() == "This is wrong"

    page.evaluate("location.hash = '#/collection'")
    page.wait_for_selector(".tile:not(.blank)")
    press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    tab_to(sorted(coins.titles.values())[0])
    press("ArrowRight")
    second = sorted(coins.titles.values())[1]
    assert second in focused()
    press("Enter")
    page.wait_for_selector(".item")
    assert focused() == second
    tab_to("Edit")
    press("Enter")
    page.get_by_label("Title", exact=True).wait_for()
    tab_to("Cancel")
    press("Enter")
    assert page.locator("h1").inner_text() == second


def test_the_first_page_is_light(visit: Visit) -> None:
    page = visit(service_workers="block")
    loaded = page.evaluate(
        "performance.getEntriesByType('resource').map((e) => new URL(e.name).pathname)"
    )
    files = {"/", *(path for path in loaded if path.startswith("/static/"))}
    assert any(path.endswith("camera.js") for path in files)
    total = 0
    for path in files:
        data = (WEB / (path.removeprefix("/static/") if path != "/" else "index.html")).read_bytes()
        total += len(gzip.compress(data))
    assert total < FIRST_PAGE
    # And the server does compress them.
    sizes = page.evaluate("performance.getEntriesByType('resource').map((e) => e.transferSize)")
    assert sum(sizes) < FIRST_PAGE


def test_the_worker_keeps_every_file_of_the_app() -> None:
    listed = json.loads(
        re.sub(
            r",\s*\]", "]", re.search(r"FILES = (\[.*?\])", (WEB / "sw.js").read_text(), re.S)[1]
        )  # type: ignore[index]
    )
    root = {"index.html": "/", "manifest.webmanifest": "/manifest.webmanifest"}
    files = {path.relative_to(WEB).as_posix() for path in WEB.rglob("*") if path.is_file()}
    wanted = {root.get(name, f"/static/{name}") for name in files - {"sw.js"}}
    assert set(listed) == wanted


def test_it_can_be_installed(visit: Visit, served: Served) -> None:
    page = visit()
    manifest = page.evaluate(
        "fetch(document.querySelector('link[rel=manifest]').href).then((r) => r.json())"
    )
    assert manifest["display"] == "standalone"
    for icon in manifest["icons"]:
        size = page.evaluate(
            """(src) => { const i = new Image(); i.src = src;
              return i.decode().then(() => i.naturalWidth); }""",
            icon["src"],
        )
        assert icon["sizes"] in ("any", f"{size}x{size}")
    wrong = page.context.new_cdp_session(page).send("Page.getInstallabilityErrors")
    # A test's browser has no profile to install into; that alone may be wrong.
    assert {error["errorId"] for error in wrong["installabilityErrors"]} <= {"in-incognito"}


def test_a_mistyped_address_is_no_empty_page(visit: Visit) -> None:
    page = visit("#/item/%E0%A4%A")
    page.wait_for_selector("main h1, main h2, main p")
    page.watch.errors[:] = [e for e in page.watch.errors if "404" not in e]


def test_a_page_that_is_none_says_so(visit: Visit) -> None:
    page = visit("#/zzz")
    assert page.locator("h1").inner_text() == "There is no such page"
    page.get_by_role("link", name="Identify").last.click()
    page.wait_for_selector(".slot")


def test_pictures_that_need_a_key_outlive_the_server_and_are_not_kept(
    visit: Visit, coins: Coins, tmp_path: Path
) -> None:
    server = Served(coins, tmp_path, "--key", KEY, "--read-key")
    decoded = "(i) => i.decode().then(() => i.naturalWidth)"
    try:
        page = visit("#/collection", server=server)
        page.get_by_label("Key", exact=True).fill(KEY)
        page.get_by_role("button", name="Go on").click()
        page.wait_for_selector(".tile:not(.blank)")
        page.evaluate("navigator.serviceWorker.ready.then(() => null)")
        for _ in range(2):  # with the worker, then as if the server had been started again
            page.reload()
            page.wait_for_selector(".tile:not(.blank)")
            page.wait_for_load_state("networkidle")
            images = page.locator(".tile:not(.blank) img")
            assert images.count() == len(coins.items)
            assert all(image.evaluate(decoded) > 50 for image in images.all())
            page.context.clear_cookies()
        pictures = "caches.open('pictures-1').then((c) => c.keys()).then((keys) => keys.length)"
        assert page.evaluate(pictures) == 0
    finally:
        server.end()
    page.watch.errors[:] = [e for e in page.watch.errors if "401" not in e]


def test_a_key_is_asked_for_and_without_a_server_the_last_page_stays(
    visit: Visit, coins: Coins, tmp_path: Path
) -> None:
    server = Served(coins, tmp_path, "--key", KEY)
    try:
        page = visit("#/item/" + coins.items[0], server=server)
        page.get_by_role("button", name="Edit").click()
        page.get_by_label("Title", exact=True).fill("With a key")
        page.get_by_role("button", name="Save").click()
        page.get_by_label("Key", exact=True).fill("not the right one")
        page.get_by_role("button", name="Go on").click()
        page.wait_for_selector("text=That key was not accepted.")
        page.get_by_label("Key", exact=True).fill(KEY)
        page.get_by_role("button", name="Go on").click()
        page.wait_for_selector("h1:has-text('With a key')")
        assert page.evaluate("JSON.stringify(localStorage)").count(KEY) == 0
        page.watch.errors[:] = [e for e in page.watch.errors if "401" not in e]

        page.evaluate("navigator.serviceWorker.ready.then(() => sessionStorage.clear())")
        page.goto(f"{server.url}/#/collection")
        page.reload()
        page.wait_for_selector(".tile:not(.blank)")
        page.wait_for_load_state("networkidle")
    finally:
        server.end()
    page.reload()
    page.wait_for_selector(".tile:not(.blank)")
    titles = page.locator(".grid strong").all_inner_texts()
    assert len(titles) == len(coins.items)
    assert "With a key" in titles
    assert page.locator("#offline").is_visible()
    thumbnail = page.locator(".grid img").first
    assert thumbnail.evaluate("(i) => i.decode().then(() => i.naturalWidth)") > 50
    kept = page.evaluate(
        """async () => { const found = [];
          for (const name of await caches.keys())
            for (const request of await (await caches.open(name)).keys()) found.push(request.url);
          return found; }"""
    )
    data = {url.split("/v1/")[1].split("/")[0].split("?")[0] for url in kept if "/v1/" in url}
    assert data <= {"session", "attributes", "items", "views"}
    page.watch.errors.clear()
