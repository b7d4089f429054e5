"""
Which prior is best on my pictures?
===================================

Of

    x* = argmin_x  E(Ax; y) + R(x)

the camera gives A and E, and R is yours to choose. Where you have clean pictures of the kind, ``ip.compare`` makes a
study of it: every picture × operator A × noise E × prior R, several times, each prior with its own automatic weight and
stop rule. The truth scores and nothing else.
"""

# %%
# Two pictures
# ------------
# A study reads files. Here they are parts of a portrait and of a wall, written to a folder that goes away again; yours
# would be a list of paths and a folder that stays: finished cells are kept there, and a study that was cut off goes on.

from __future__ import annotations

import csv
import os
import tempfile
from pathlib import Path

from skimage import data, io

import invprior as ip

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
SIZE, SEEDS, ITERATIONS, PRIORS = (32, 1, 10, ["none", "tv"]) if SHORT else (96, 2, None, ["none", "tv", "dip"])

folder = tempfile.TemporaryDirectory()
place = Path(folder.name)
files = {"portrait": data.astronaut()[60:, 180:], "wall": data.brick()[100:, 100:]}
for name, picture in files.items():
    io.imsave(place / f"{name}.png", picture[:SIZE, :SIZE], check_contrast=False)

# %%
# One call
# --------
# Operators, noises and priors are named as on the command line, where the same is ::
#
#     invprior compare portrait.png wall.png --operator lanczos:2 --noise gaussian:0.05 --prior none --prior tv \
#         --prior dip --seeds 2 -o study
#
# A seed draws the noise and everything random in the solve, and all priors of a seed see the same measurement.

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
# Mean and spread over the seeds; a lead within the spread counts as a draw. The value of ``study`` itself shows this
# table in a notebook, and ``study.cells`` are plain dicts for ``pandas.DataFrame``.

for row in study.rows:
    figures = [f"{row.figures[key].text(digits):>15s}" for key, digits in (("psnr", 2), ("ssim", 3), ("seconds", 1))]
    print(f"{row.scene.source.name:9s} {row.prior:5s}", *figures)
print(*study.verdicts, sep="\n")

# %%
study.plot("psnr")

# %%
# What is on disk
# ---------------
# ``study.report`` is one page that needs no network: the table, any two pictures under a divider to drag, the curves,
# and the command that runs it again. ``results.csv`` has a line for every cell and says where its picture lies.

print(f"{study.report.name}: {study.report.stat().st_size / 1e3:.0f} kB")
with (study.folder / "results.csv").open(newline="", encoding="utf-8") as table:
    lines = [line for line in csv.DictReader(table) if line["seed"] == "0"]

pictures = {}
for line in lines:
    caption = f"{line['prior']}, {float(line['psnr']):.1f} dB"
    pictures[f"{line['picture']}: {caption}"] = ip.io.read(study.folder / line["folder"] / "restored.png").x
ip.show(pictures, columns=len(PRIORS))
folder.cleanup()
