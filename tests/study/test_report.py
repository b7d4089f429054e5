"""The page as a reader meets it, in headless Chromium."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from PIL import Image

from invprior.study.comparison import run_study
from invprior.study.plan import Study
from invprior.study.published import Published
from invprior.study.result import Comparison
from invprior.study.source import Source
from tests.study.helpers import Here, pictures

PRIORS = ("none", "tikhonov:0.5", "tv:0.05")
NASTY = "</script><b>&\"'"  # a picture may be called anything


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Comparison]:
    folder = tmp_path_factory.mktemp("report")
    first, second = pictures(folder, 2, size=32)
    study = Study(
        sources=(Source("chelsea", first), Source(NASTY, second)),
        operators=("identity", "lanczos:2"),
        noises=("gaussian:0.1",),
        priors=PRIORS,
        seeds=2,
        published=(
            Published(
                "psnr", "PSNR of RGB, printed.", ("theirs", "others"), {"chelsea": (27.5, None)}, operator="lanczos:2"
            ),
        ),
    )
    with pytest.MonkeyPatch.context() as patch:
        Here().install(patch)
        yield run_study(study, folder / "out")


@pytest.fixture
def page(browser: Any, result: Comparison) -> Iterator[Any]:
    """The open page; whatever it logs or asks of the network fails the test."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(10_000)
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    own = result.report.resolve().as_uri()
    page.on("request", lambda r: None if r.url == own or r.url.startswith("data:") else wrong.append(r.url))
    page.goto(own)
    page.wait_for_function("document.getElementById('image-right').complete")
    yield page
    page.close()
    assert wrong == []


class Parser(HTMLParser):
    """Collects what an attribute or a script refers to, and checks that tags close in order."""

    VOID = ("meta", "link", "img", "input", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.texts: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(dict(attrs).get("id") or tag if tag == "script" else tag)

    def handle_endtag(self, tag: str) -> None:
        assert (self.open.pop() in ("data", tag)) or tag == "script"

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], "") + data


def test_the_page_is_whole_and_refers_to_nothing_outside(result: Comparison) -> None:
    parser = Parser()
    parser.feed(result.report.read_text(encoding="utf-8"))
    assert parser.open == []
    assert [link for link in parser.links if link and not link.startswith("data:")] == []
    held = json.loads(parser.texts["data"])
    assert [scene["title"].split(" · ")[0] for scene in held["scenes"]] == ["chelsea", "chelsea", NASTY, NASTY]
    shot = held["scenes"][1]["shots"][1]
    assert list(shot["pictures"]) == ["truth", "degraded", *PRIORS]
    sizes = {}
    for name, number in shot["pictures"].items():
        with Image.open(io.BytesIO(base64.b64decode(held["pictures"][number]))) as image:
            sizes[name] = image.size
    assert sizes == {"truth": (32, 32), "degraded": (16, 16)} | dict.fromkeys(PRIORS, (32, 32))


def test_the_embedded_pictures_are_those_on_disk_and_the_truth(result: Comparison) -> None:
    held = json.loads(re.findall(r'id="data">(.*?)</script>', result.report.read_text(), re.DOTALL)[0])
    cell = next(c for c in result.records if c.seed == 0 and c.prior == "tv:0.05")
    shot = held["scenes"][0]["shots"][0]["pictures"]
    stored = (result.report.parent / "cells" / cell.name / "restored.png").read_bytes()
    assert base64.b64decode(held["pictures"][shot["tv:0.05"]]) == stored
    with Image.open(io.BytesIO(base64.b64decode(held["pictures"][shot["truth"]]))) as image:
        truth = np.asarray(image)
    with Image.open(result.study.sources[0].clean) as image:
        assert np.array_equal(truth, np.asarray(image))


def test_the_command_and_the_versions_are_there(result: Comparison) -> None:
    page = result.report.read_text(encoding="utf-8")
    assert "invprior.compare(" in page
    assert "operators=(&#39;identity&#39;, &#39;lanczos:2&#39;), noises=(&#39;gaussian:0.1&#39;,)" in page
    assert re.search(r"<th scope=.row.>torch</th><td>2\.", page)


def share(page: Any) -> float:
    return float(page.locator("#divider").evaluate("e => e.getBoundingClientRect().left")) - float(
        page.locator("#stage").evaluate("e => e.getBoundingClientRect().left")
    )


def test_the_divider_follows_the_mouse_and_the_keys(page: Any) -> None:
    stage = page.locator("#stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    middle = share(page)
    assert middle == pytest.approx(box["width"] / 2, abs=2)
    page.mouse.move(box["x"] + middle, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 60, steps=5)
    page.mouse.up()
    dragged = share(page)
    assert dragged == pytest.approx(box["width"] * 0.2, abs=box["width"] * 0.03)
    clip = page.locator("#image-right").evaluate("e => e.style.clipPath")
    assert float(re.findall(r"([\d.]+)%", clip)[0]) == pytest.approx(100 * dragged / box["width"], abs=1)
    slider = page.get_by_role("slider", name="divider between the left and the right picture")
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert share(page) > dragged
    page.keyboard.press("End")
    assert share(page) == pytest.approx(box["width"], abs=2)
    assert "100 percent" in slider.get_attribute("aria-valuetext")


def test_sorting_sorts(page: Any) -> None:
    heading = page.locator("#table th", has=page.get_by_role("button", name="PSNR dB", exact=True))
    button = heading.get_by_role("button")

    def column() -> list[float]:
        place = heading.evaluate("e => e.cellIndex")
        cells = page.locator(f"#table tbody tr > :nth-child({place + 1})").all()
        return [float(cell.get_attribute("data-sort")) for cell in cells]

    before = column()
    button.click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert column() == sorted(before) != before
    button.click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert column() == sorted(before, reverse=True)
    page.locator("#table").get_by_role("button", name="prior", exact=True).click()
    assert heading.get_attribute("aria-sort") == "none"
    names = [th.get_attribute("data-sort") for th in page.locator("#table tbody th").all()]
    assert names == sorted(names, key=str.lower)


def test_what_was_not_measured_sorts_last_both_ways(page: Any) -> None:
    button = page.locator("#table").get_by_role("button", name="time s", exact=True)
    for _ in range(2):
        button.click()
        assert "published" in page.locator("#table tbody tr").last.inner_text()


def test_the_best_is_bold(page: Any, result: Comparison) -> None:
    bold = page.locator("#table tbody tr:has(td b)").count()
    assert bold == len([row for row in result.rows if row.best])
    assert page.locator("#table tr.published b").count() == 0


def test_any_two_pictures_side_by_side(page: Any) -> None:
    names = ["truth", "degraded", *PRIORS]
    sources = set()
    page.get_by_label("picture", exact=True).select_option(index=1)
    for name in names:
        page.get_by_label("left", exact=True).select_option(label=name)
        assert page.locator("#image-left").get_attribute("alt").startswith(f"left: {name} of chelsea")
        sources.add(page.locator("#image-left").get_attribute("src"))
    assert len(sources) == len(names)
    page.get_by_label("picture", exact=True).select_option(index=3)
    page.get_by_label("seed", exact=True).select_option(label="1")
    assert page.locator("#image-left").get_attribute("src") not in sources


def test_a_click_on_a_prior_shows_it(page: Any) -> None:
    row = page.locator("#table tbody tr").nth(9)
    row.locator("th button").click()
    assert (
        page.get_by_label("right", exact=True).locator("option:checked").inner_text() == row.locator("th").inner_text()
    )
    scene = row.locator("th button").get_attribute("data-scene")
    assert page.get_by_label("picture", exact=True).input_value() == scene
    assert "shown" in row.get_attribute("class")


def test_the_loupe_shows_the_pixels_as_they_are(page: Any, result: Comparison) -> None:
    with Image.open(result.study.sources[0].clean) as image:
        truth = np.asarray(image)
    page.get_by_label("left", exact=True).select_option(label="truth")
    page.locator("#loupe").focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp"):
        page.keyboard.press(key)
    assert "column 14, row 15" in page.locator("#position").inner_text()
    for zoom in ("1", "4"):
        page.get_by_label("loupe", exact=True).select_option(zoom)
        middle = page.locator("#loupe-left").evaluate(
            """async canvas => {
                await document.getElementById("image-left").decode();
                await new Promise(requestAnimationFrame);
                const at = Math.floor(canvas.width / 2), copy = new OffscreenCanvas(1, 1).getContext("2d");
                copy.drawImage(canvas, at, at, 1, 1, 0, 0, 1, 1);
                return [...copy.getImageData(0, 0, 1, 1).data].slice(0, 3);
            }"""
        )
        assert middle == truth[15, 14].tolist()


def test_the_curves_go_over_iterations_and_over_seconds(page: Any) -> None:
    charts = page.locator("#charts figure")
    assert charts.count() == 1 + 3  # PSNR of all, and a stop signal each
    assert page.locator("#charts figure").first.locator("circle.kept").count() == len(PRIORS)
    assert page.locator("#charts circle.kept").count() == 2 * len(PRIORS)
    first = page.locator("#charts svg").first
    assert "kept at" in first.get_attribute("aria-label")
    before = first.inner_html()
    page.get_by_label("over", exact=True).select_option(label="seconds")
    assert page.locator("#charts figcaption").first.inner_text() == "PSNR in dB, over seconds"
    assert page.locator("#charts svg").first.inner_html() != before


def test_it_reads_on_a_phone(page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.locator("#stage").bounding_box()["width"] > 300


@pytest.mark.parametrize("table", ["means", "table"])
def test_psnr_is_on_the_screen_of_a_phone(page: Any, table: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for row in page.locator(f"#{table} tbody tr").all():
        box = row.locator("td.number").first.bounding_box()
        assert box["x"] + box["width"] <= 390
    first = page.locator(f"#{table} tbody th").first.inner_text()
    assert "identity · gaussian:0.1" in first  # what the hidden columns say stands below the prior


def test_the_verdicts_come_first_then_the_means(page: Any, result: Comparison) -> None:
    headings = page.locator("h2").all_inner_texts()
    assert headings[:3] == ["Better than none?", "Means over the pictures", "Each picture"]
    assert page.locator(".verdicts li").all_inner_texts() == result.verdicts
    assert page.locator("#means tbody tr").count() == len(result.means)


def test_published_figures_stand_only_where_they_belong(page: Any) -> None:
    places = {row.inner_text().split("\t")[2] for row in page.locator("#table tr.published").all()}
    assert places == {"lanczos:2"}


def test_every_control_has_a_name(page: Any) -> None:
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, select, input, canvas, img, [tabindex]")].filter(e =>
            !(e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.closest("label") || e.alt
              || e.textContent.trim() || e.getAttribute("aria-hidden"))).map(e => e.outerHTML)"""
    )
    assert nameless == []
    assert page.locator("h1").count() == 1
