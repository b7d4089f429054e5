"""Pictures of the page for the documentation: ``python -m tests.page.pictures DIR``.

A photograph with scratches drawn over it is opened, marked and restored in a real browser; two to five minutes.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.sync_api import Page, sync_playwright

from tests.page.served import Served

LINES = [(60, 40, 330, 250), (420, 30, 360, 280), (40, 230, 200, 60)]


def scratched(path: Path, mask: Path) -> None:
    """A photograph that scikit-image carries, with white scratches, and their mask."""
    spec = find_spec("skimage")
    assert spec is not None
    assert spec.origin is not None
    with Image.open(Path(spec.origin).parent / "data" / "chelsea.png") as image:
        photograph = image.convert("RGB")
    hole = Image.new("L", photograph.size)
    for line in LINES:
        ImageDraw.Draw(photograph).line(line, fill="white", width=3)
        ImageDraw.Draw(hole).line(line, fill=255, width=7)
    photograph.save(path)
    hole.save(mask)


def named(page: Page) -> None:
    """The folder by its name: where it lies is of one machine."""
    page.evaluate("document.getElementById('folder').textContent = 'Results are written into restored'")


def main(out: Path) -> None:
    """Write ``page.png``, ``page-mask.png``, ``page-phone.png`` and ``page-done.png``."""
    folder = Path(tempfile.mkdtemp())
    scratched(folder / "cat.png", folder / "mask.png")
    served = Served(folder / "restored")
    try:
        with sync_playwright() as started:
            browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 860})
            page.set_default_timeout(600_000)
            page.goto(served.address)
            page.set_input_files("#files", str(folder / "cat.png"))
            page.select_option("#task", "inpaint")
            page.click("[data-propose=scratches]")
            while "% is marked" not in page.inner_text("#marked"):
                page.wait_for_timeout(200)
            page.select_option("#prior", "dip")
            page.click("#form details summary")
            page.fill("#iterations", "60")
            page.click("#form details summary")
            while "takes about" not in page.inner_text("#plan"):
                page.wait_for_timeout(200)
            named(page)
            page.screenshot(path=out / "page-mask.png")
            page.click("#clear")
            page.set_input_files("#mask-file", str(folder / "mask.png"))
            while "% is marked" not in page.inner_text("#marked"):
                page.wait_for_timeout(200)
            page.click("#start")
            job = page.locator(".job").first
            job.locator("[data-act=keep]").wait_for()
            while int(page.get_attribute("#moment", "max") or 0) < 2:
                page.wait_for_timeout(200)
            page.select_option("#task", "denoise")
            named(page)
            page.screenshot(path=out / "page.png")
            job.locator(".state", has_text="done").wait_for()
            phone = browser.new_page(viewport={"width": 390, "height": 844})
            phone.goto(served.address)
            phone.wait_for_timeout(2500)
            phone.screenshot(path=out / "page-phone.png")
            page.wait_for_timeout(1500)
            page.set_viewport_size({"width": 1280, "height": 1150})
            page.wait_for_timeout(1000)
            page.screenshot(path=out / "page-done.png")
            browser.close()
    finally:
        served.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
