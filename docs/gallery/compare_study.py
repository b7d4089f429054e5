"""
Which prior is best on my pictures?
===================================

Of

    x* = argmin_x  E(Ax; y) + R(x)

the camera determines A and E, and you choose R. If you have similar pictures that are clean, ``ip.compare`` runs a
study: every picture × operator A × noise E × prior R, several times, each prior with its own automatic weight and
stop rule. The truth is used for scores only.
"""

# %%
# Two pictures
# ------------
# A study reads files. Here they are parts of a portrait and of a wall in a temporary folder. You would pass a list of
# paths and a permanent folder: it keeps the finished cells, and the same call resumes an interrupted study.

from __future__ import annotations

import csv
import os
import tempfile
from pathlib import Path

from skimage import data, io

import invprior as ip

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
SIZE, SEEDS, ITERATIONS, PRIORS = (32, 1, 10, ["none", "tv:0.01"]) if SHORT else (96, 2, None, ["none", "tv", "dip"])

folder = tempfile.TemporaryDirectory()
place = Path(folder.name)
files = {"portrait": data.astronaut()[60:, 180:], "wall": data.brick()[100:, 100:]}
for name, picture in files.items():
    io.imsave(place / f"{name}.png", picture[:SIZE, :SIZE], check_contrast=False)

# %%
# One call
# --------
# Operators, noises and priors are named as on the command line. The same study there is ::
#
#     invprior compare portrait.png wall.png --operator lanczos:2 --noise gaussian:0.05 --prior none --prior tv \
#         --prior dip --seeds 2 -o study
#
# A seed determines the noise and all random numbers of the solve. All priors of a seed see the same measurement.

study = ip.compare(
    [place / f"{name}.png" for name in files],
    output=place / "study",
    operators=["lanczos:2"],
    noises=["gaussian:0.05"],
    priors=PRIORS,
    seeds=SEEDS,
    iterations=ITERATIONS,
    jobs=1,
)

# %%
# The answer
# ----------
# The table shows mean and spread over the seeds. A verdict compares each prior with TV over the pictures; from two
# pictures nothing can be concluded, and it says so. In a notebook ``study`` itself displays the tables, and
# ``study.frame()`` is a pandas table of the cells.

for row in study.rows:
    figures = [f"{row.figures[key].text(digits):>15s}" for key, digits in (("psnr", 2), ("ssim", 3), ("seconds", 1))]
    print(f"{row.scene.source.name:9s} {row.prior:7s}", *figures)
print(*study.verdicts, sep="\n")

# %%
study.plot("psnr")

# %%
# What is on disk
# ---------------
# ``study.report`` is one page that needs no network: the table, any two pictures under a draggable divider, the curves,
# and the command that runs it again. ``results.csv`` has a line for every cell, with the folder of its picture.

print(f"{study.report.name}: {study.report.stat().st_size / 1e3:.0f} kB")
with (study.folder / "results.csv").open(newline="", encoding="utf-8") as table:
    lines = [line for line in csv.DictReader(table) if line["seed"] == "0"]

pictures = {}
for line in lines:
    caption = f"{line['prior']}, {float(line['psnr']):.1f} dB"
    pictures[f"{line['picture']}: {caption}"] = ip.io.read(study.folder / line["folder"] / "restored.png").x
ip.show(pictures, columns=len(PRIORS))
folder.cleanup()
