"""Draws Resources/report.png: the top of the report that `make demo` wrote, in a browser without a window.

Needs Chromium or Chrome, and Pillow. After a change of the report: `make demo`, then `python tools/draw_report.py`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from demo import REPORT, REPOSITORY, RESULT

PICTURE = REPOSITORY / "Resources" / "report.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTH_PX, HEIGHT_PX, TOP_PX = 1100, 1240, 24  # without the gray above the page


def main() -> None:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    report = next(iter(sorted(RESULT.rglob(REPORT))), None)
    if browser is None or report is None:
        sys.exit("A browser (Chromium or Chrome) and the report of 'make demo' are needed.")
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "report.png"
        words = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        words += [f"--window-size={WIDTH_PX},{HEIGHT_PX + TOP_PX}", f"--screenshot={shot}", report.as_uri()]
        subprocess.run(words, check=True, capture_output=True)
        crop(shot)
    print(f"{PICTURE.relative_to(REPOSITORY)}: look at it before it is committed")


def crop(shot: Path) -> None:
    from PIL import Image

    with Image.open(shot) as image:
        image.convert("RGB").crop((0, TOP_PX, WIDTH_PX, HEIGHT_PX + TOP_PX)).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
