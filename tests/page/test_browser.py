"""The page in a real browser: draw, start, watch, keep, download, by pointer, keys, in two tabs and on a phone."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from invprior.io import read
from tests.page.served import Served


def opened(browser: Any, served: Served, width: int, height: int) -> tuple[Any, list[str]]:
    """A tab, and the list of what it did wrong: errors, and requests that leave the page."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(60_000)
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    own = f"http://127.0.0.1:{served.port}/"
    page.on("request", lambda r: None if r.url.startswith((own, "blob:", "data:")) else wrong.append(r.url))
    page.goto(served.address)
    return page, wrong


def bring(page: Any, served: Served, picture: Path) -> str:
    """Give a file to the page; returns the id of the picture once it is the chosen one among those of other tests."""
    before = {one["id"] for one in served.get("/api/state")["pictures"]}
    page.set_input_files("#files", str(picture))
    until(page, f"![{', '.join(map(repr, ['', *before]))}].includes(location.hash.slice(1))")
    return str(page.evaluate("location.hash.slice(1)"))


def shown(page: Any, key: str) -> None:
    """Wait until a picture is on the canvas."""
    until(page, f"(document.getElementById('canvas').dataset.shows ?? '').startsWith('picture-{key}')")


@pytest.fixture
def page(browser: Any, served: Served, picture: Path) -> Iterator[Any]:
    tab, wrong = opened(browser, served, 1280, 900)
    shown(tab, bring(tab, served, picture))
    yield tab
    tab.close()
    assert wrong == []


def at(page: Any, x: float, y: float) -> tuple[float, float]:
    """Where a pixel of the picture is on the screen; the picture is fitted and 96×64."""
    box = page.locator("#canvas").bounding_box()
    scale = 0.98 * min(box["width"] / 96, box["height"] / 64)
    return box["x"] + box["width"] / 2 + (x - 48) * scale, box["y"] + box["height"] / 2 + (y - 32) * scale


def drag(page: Any, *points: tuple[float, float]) -> None:
    page.mouse.move(*at(page, *points[0]))
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*at(page, *point), steps=6)
    page.mouse.up()


def slide(page: Any, name: str, value: float) -> None:
    page.evaluate(
        """([name, value]) => { const slider = document.getElementById(name); slider.value = value;
            slider.dispatchEvent(new Event('input')); }""",
        [name, value],
    )


def until(page: Any, condition: str, seconds: float = 60) -> None:
    """Wait until an expression is true; the page's policy forbids what Playwright would do."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, f"{condition}: {page.inner_text('body')[-1500:]}"
        page.wait_for_timeout(50)


def pick(page: Any, tool: str, radius: int = 4) -> None:
    page.check(f"input[name=tool][value={tool}]")
    slide(page, "radius", radius)


def masked(page: Any, served: Served, place: Path) -> np.ndarray:
    """The mask as the server has it, in a file of the page."""
    with page.expect_download() as download:
        page.click("#save-mask")
    download.value.save_as(place)
    with Image.open(place) as image:
        return np.asarray(image)


def disc(x: float, y: float, radius: float) -> np.ndarray:
    columns, rows = np.meshgrid(np.arange(96) + 0.5, np.arange(64) + 0.5)
    inside: np.ndarray = np.hypot(columns - x, rows - y) <= radius
    return inside


def test_what_is_drawn_is_what_the_server_gets(page: Any, served: Served, tmp_path: Path) -> None:
    page.select_option("#task", "inpaint")
    pick(page, "rectangle")
    drag(page, (10, 8), (30, 20))
    mask = masked(page, served, tmp_path / "a.png")
    expected = np.zeros((64, 96), bool)
    expected[8:20, 10:30] = True
    assert np.array_equal(mask > 0, expected)

    pick(page, "eraser", 5)
    page.mouse.move(*at(page, 20.5, 14.5))
    page.mouse.down()
    page.mouse.up()
    erased = masked(page, served, tmp_path / "b.png")
    hole = expected & (erased == 0)
    assert 0.7 < hole.sum() / (np.pi * 25) < 1.3
    assert not (hole & ~disc(20.5, 14.5, 5.6)).any()

    page.keyboard.press("Control+z")
    assert np.array_equal(masked(page, served, tmp_path / "c.png") > 0, expected)
    page.click("#redo")
    assert np.array_equal(masked(page, served, tmp_path / "d.png"), erased)

    pick(page, "lasso")
    drag(page, (50, 30), (80, 30), (65, 55), (50, 30))
    lasso = masked(page, served, tmp_path / "e.png") > 0
    assert lasso[35, 60]
    assert not lasso[50, 55]
    assert 0.8 < (lasso & ~expected).sum() / (0.5 * 30 * 25) < 1.2

    page.click("#invert")
    assert np.array_equal(masked(page, served, tmp_path / "f.png") > 0, ~lasso)
    page.click("#clear")
    page.click("#save-mask")
    page.wait_for_selector("#said p")
    assert "nothing is marked" in page.inner_text("#said")
    page.click("#said button")


def test_a_brush_by_keys_and_a_soft_edge(page: Any, served: Served, tmp_path: Path) -> None:
    page.select_option("#task", "inpaint")
    pick(page, "brush", 10)
    page.focus("#canvas")
    page.keyboard.press("[")
    assert int(page.input_value("#radius")) < 10
    page.keyboard.press("]")
    page.keyboard.press("]")
    assert int(page.input_value("#radius")) > 10
    pick(page, "brush", 6)
    page.keyboard.press("Space")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    mask = masked(page, served, tmp_path / "a.png")
    assert mask[32, 47:63].min() == 255
    assert set(np.unique(mask)) == {0, 255}
    slide(page, "soft", 8)
    page.click("#clear")
    page.mouse.click(*at(page, 48, 32))
    soft = masked(page, served, tmp_path / "b.png")
    assert len(np.unique(soft)) > 5
    assert soft[32, 48] == 255


class Late:
    """Answers of the server that come when they are let go, whatever the page does in the meantime."""

    def __init__(self, page: Any, pattern: str) -> None:
        self.held: list[Any] | None = []
        page.route(pattern, self.take)

    def take(self, route: Any) -> None:
        if self.held is None:
            route.continue_()
        else:
            self.held.append(route)

    def let_go(self) -> None:
        held, self.held = self.held, None
        for route in held or ():
            route.continue_()


def test_what_is_painted_before_the_picture_and_an_earlier_mask_have_come(
    browser: Any, served: Served, picture: Path, tmp_path: Path
) -> None:
    tab, wrong = opened(browser, served, 1280, 900)
    layers = Late(tab, "**/api/layers/*")
    brought = bring(tab, served, picture)
    tab.select_option("#task", "inpaint")
    layers.let_go()
    shown(tab, brought)
    until(tab, "document.getElementById('canvas').classList.contains('painting')", 5)
    pick(tab, "rectangle")
    tab.click("#clear")
    drag(tab, (70, 40), (90, 60))
    first = masked(tab, served, tmp_path / "a.png") > 0
    earlier = Late(tab, "**/api/pictures/*/values")
    tab.reload()
    shown(tab, brought)
    pick(tab, "rectangle")
    drag(tab, (10, 8), (30, 20))
    tab.mouse.move(*at(tab, 12, 40))
    tab.mouse.down()
    tab.mouse.move(*at(tab, 20, 50), steps=3)
    earlier.let_go()
    until(tab, "document.getElementById('marked').textContent.startsWith('10')")  # 400 and 240 of 6,144 pixels
    tab.mouse.up()
    expected = first.copy()
    expected[8:20, 10:30] = True
    expected[40:50, 12:20] = True
    assert np.array_equal(masked(tab, served, tmp_path / "b.png") > 0, expected)
    for _ in range(2):
        tab.click("#undo")
    assert np.array_equal(masked(tab, served, tmp_path / "c.png") > 0, first)
    tab.close()
    assert wrong == []


def test_a_picture_is_shown_whatever_older_news_come(browser: Any, served: Served, picture: Path) -> None:
    other = served.upload(picture)
    older = json.dumps(served.get("/api/state"))
    tab, wrong = opened(browser, served, 1280, 900)
    shown(tab, other)
    tab.route("**/api/state", lambda route: route.fulfill(body=older, content_type="application/json"))
    events = Late(tab, "**/api/events")
    tab.reload()
    brought = bring(tab, served, picture)
    shown(tab, other)
    events.let_go()
    shown(tab, brought)
    tab.close()
    assert wrong == []


def test_a_mask_is_loaded_and_scratches_are_proposed(page: Any, served: Served, tmp_path: Path) -> None:
    page.select_option("#task", "inpaint")
    hole = np.zeros((64, 96), np.uint8)
    hole[5:9, 70:90] = 255
    Image.fromarray(hole).save(tmp_path / "hole.png")
    page.set_input_files("#mask-file", str(tmp_path / "hole.png"))
    until(page, "document.getElementById('marked').textContent.startsWith('1.30')")
    assert np.array_equal(masked(page, served, tmp_path / "a.png"), hole)
    Image.fromarray(hole[:, :90]).save(tmp_path / "narrow.png")
    page.set_input_files("#mask-file", str(tmp_path / "narrow.png"))
    page.wait_for_selector("#said p")
    assert "90×64 pixels and the picture 96×64" in page.inner_text("#said")


def shows(page: Any, x: np.ndarray) -> bool:
    """True if the middle of the canvas has these 40×40 pixels; the middle of an odd canvas lies between two pixels."""
    seen = page.evaluate(
        """() => { const c = document.getElementById('canvas'), { width, height } = c;
            const copy = new OffscreenCanvas(width, height), d = copy.getContext('2d', { willReadFrequently: true });
            d.drawImage(c, 0, 0);  // a canvas that is read itself makes the browser speak of it
            return { width, height, data: Array.from(d.getImageData(0, 0, width, height).data) }; }"""
    )
    screen = np.array(seen["data"], np.uint8).reshape(seen["height"], seen["width"], 4)[..., :3]
    row, column = seen["height"] // 2 - 20, seen["width"] // 2 - 20
    places = [(row + a, column + b) for a in (0, 1) for b in (0, 1)]
    return any(np.array_equal(screen[r : r + 40, c : c + 40], x) for r, c in places)


def test_from_start_to_download(page: Any, served: Served, picture: Path, tmp_path: Path) -> None:
    page.select_option("#prior", "tv")
    until(page, "document.getElementById('plan').textContent.includes('takes about')")
    assert "invprior denoise" in page.inner_text("#command")
    page.click("#start")
    job = page.locator(".job").first
    job.locator(".state", has_text="done").wait_for(timeout=90_000)
    assert "done;" in job.inner_text()
    until(page, "document.getElementById('moment-says').textContent === 'the result'")
    with page.expect_download() as download:
        job.locator("button[type=submit]").click()
    download.value.save_as(tmp_path / "out.png")
    told = served.get("/api/state")["jobs"][-1]
    assert (tmp_path / "out.png").read_bytes() == (served.folder / told["out"]).read_bytes()

    # what the viewer draws are the pixels of the file
    page.click("#actual")
    page.select_option("#left", index=1)
    x = np.rint(read(tmp_path / "out.png").x.numpy().transpose(1, 2, 0) * 255)[12:52, 28:68]
    deadline = time.monotonic() + 20
    while not shows(page, x):
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)

    # blended at once, and downloaded so
    page.select_option("#mode", "blend")
    slide(page, "strength", 0.5)
    job.locator("input[name=blend]").check()
    with page.expect_download() as download:
        job.locator("button[type=submit]").click()
    download.value.save_as(tmp_path / "half.png")
    half = read(tmp_path / "half.png").x
    assert float((half - (read(tmp_path / "out.png").x + read(picture).x) / 2).abs().max()) < 1.1 / 255
    with page.expect_download() as download:
        job.locator("[data-act=share]").click()
    download.value.save_as(tmp_path / "share.html")

    shared = page.context.browser.new_page()
    wrong: list[str] = []
    shared.on("console", lambda message: wrong.append(message.text))
    shared.on("pageerror", lambda error: wrong.append(str(error)))
    shared.goto((tmp_path / "share.html").as_uri())
    until(shared, "document.getElementById('canvas').dataset.painted > 0")
    shared.close()
    assert wrong == []


def test_watch_reload_two_tabs_keep_and_cancel(page: Any, browser: Any, served: Served) -> None:
    page.select_option("#task", "inpaint")
    pick(page, "rectangle")
    drag(page, (40, 20), (60, 40))
    page.select_option("#prior", "")
    page.fill("#own", "dip:iterations=100000")
    page.click("#start")
    until(page, "document.querySelector('.job [data-act=keep]:not([hidden])') !== null", 90)
    until(page, "document.getElementById('moment').max >= 1", 90)
    page.reload()
    page.locator(".job").first.locator("[data-act=keep]").wait_for()
    until(page, "document.getElementById('marked').textContent.startsWith('6.51')")  # the mask is there again
    assert page.input_value("#task") == "inpaint"
    other, wrong = opened(browser, served, 1280, 900)
    other.locator(".job").first.locator("[data-act=keep]").wait_for()
    other.locator(".job .more summary").first.click()
    other.locator(".job .chart figure").first.wait_for()
    # an old moment beside the newest one
    slide(page, "moment", 0)
    assert "iteration" in page.inner_text("#moment-says")
    other.locator(".job").first.locator("[data-act=keep]").click()
    page.locator(".job").first.locator(".state", has_text="stopped").wait_for()
    page.locator(".job").first.locator("[data-act=go-on]").click()
    page.locator(".job").first.locator(".state", has_text="runs").wait_for()
    begin = time.monotonic()
    page.locator(".job").first.locator("[data-act=cancel]").click()
    page.locator(".job").first.locator(".state", has_text="stopped").wait_for()  # what was kept is there
    assert time.monotonic() - begin < 5  # a second, on a machine that does other things
    page.locator(".job").first.locator("[data-act=go-on]").wait_for()
    other.locator(".job").first.locator(".state", has_text="stopped").wait_for()
    other.close()
    assert wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_out_of_reach(browser: Any, served: Served, picture: Path, width: int, scheme: str) -> None:
    tab, wrong = opened(browser, served, width, 844)
    tab.emulate_media(color_scheme=scheme)
    shown(tab, bring(tab, served, picture))
    tab.select_option("#task", "inpaint")
    tab.locator("details summary").first.click()
    assert tab.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    small = tab.evaluate(
        """() => [...document.querySelectorAll('button, select, .button')].filter(e => e.offsetParent !== null)
            .filter(e => e.getBoundingClientRect().height < 24).map(e => e.outerHTML.slice(0, 60))"""
    )
    assert small == []
    spec = find_spec("axe_core_python")
    assert spec is not None
    assert spec.origin is not None
    tab.evaluate((Path(spec.origin).parent / "axe.min.js").read_text())
    found = json.loads(tab.evaluate("axe.run().then(r => JSON.stringify(r.violations))"))
    grave = [(v["id"], v["impact"], [n["html"][:120] for n in v["nodes"]]) for v in found]
    assert [v for v in grave if v[1] in ("serious", "critical", "moderate")] == []
    tab.close()
    assert wrong == []


def kept(page: Any, served: Served) -> np.ndarray:
    """The mask that the server keeps when it is saved; the emulated telephone downloads nothing."""
    page.click("#save-mask")

    def newest() -> Any:
        masks = [upload for upload in served.get("/api/state")["pictures"] if upload["kind"] == "mask"]
        return masks[-1] if masks and page.evaluate("document.getElementById('marked').textContent") else None

    page.wait_for_timeout(1500)
    mask = served.until(newest)
    _, file, _ = served.ask("GET", f"/api/pictures/{mask['id']}/file")
    with Image.open(io.BytesIO(file)) as image:
        return np.asarray(image)


def test_two_fingers_zoom_and_one_paints(browser: Any, served: Served, picture: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    tab = context.new_page()
    tab.goto(served.address)
    shown(tab, bring(tab, served, picture))
    tab.select_option("#task", "inpaint")
    tab.locator("#canvas").scroll_into_view_if_needed()
    session = context.new_cdp_session(tab)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        fingers = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    x, y = at(tab, 48, 32)
    touch("touchStart", (x, y))
    touch("touchMove", (x + 20, y))
    touch("touchEnd")
    mask = kept(tab, served)
    assert mask[32, 48] == 255
    before = tab.inner_text("#zoom")
    tab.locator("#canvas").scroll_into_view_if_needed()
    x, y = at(tab, 48, 32)
    touch("touchStart", (x - 20, y))
    touch("touchStart", (x - 20, y), (x + 20, y))
    touch("touchMove", (x - 60, y), (x + 60, y))
    touch("touchEnd")
    assert float(tab.inner_text("#zoom").split()[0]) > 1.5 * float(before.split()[0])
    assert np.array_equal(kept(tab, served), mask)  # two fingers do not paint
    context.close()


def test_the_widget_of_a_notebook_shows_both_pictures(browser: Any, tmp_path: Path) -> None:
    pytest.importorskip("anywidget")
    import torch

    from invprior.page.notebook import Viewer

    viewer = Viewer(torch.ones(3, 8, 8), before=torch.zeros(3, 8, 8))
    values = json.dumps({"before": viewer.before, "after": viewer.after, "caption": "so far"})
    script = Path(str(viewer._esm)).read_text() if Path(str(viewer._esm)[:200]).is_file() else str(viewer._esm)
    script = script.replace("export default", "window.widget =").replace("export ", "")
    style = ".stage, canvas { width: 400px; height: 200px }"
    (tmp_path / "index.html").write_text(
        f'<style>{style}</style><div id="el"></div><script>window.values = {values}</script>'
        f'<script type="module">{script}</script>'
    )
    tab = browser.new_page()
    wrong: list[str] = []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.goto((tmp_path / "index.html").as_uri())
    until(tab, "window.widget !== undefined")
    tab.evaluate(
        """() => window.widget.render({
            model: { get: name => window.values[name], on() {} }, el: document.getElementById('el') })"""
    )
    until(tab, "document.querySelector('canvas').dataset.painted > 0")
    tab.wait_for_timeout(500)
    left, right = tab.evaluate(
        """() => { const c = document.querySelector('canvas'), d = c.getContext('2d');
            const at = f => Array.from(d.getImageData(Math.round(f * c.width), c.height / 2, 1, 1).data);
            return [0.4, 0.6].map(at); }"""
    )
    assert left == [0, 0, 0, 255]
    assert right == [255, 255, 255, 255]
    assert tab.inner_text("p") == "so far"
    tab.close()
    assert wrong == []
