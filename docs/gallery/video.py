"""
A noisy film
============

A film is a tensor x of shape (T, C, H, W), T frames of C channels, and one unknown like any other:

    x* = argmin_x ‖x − y‖² / (2σ²) + R(x)

Frame by frame, R does not use time. But the next frame shows the same scene, slightly displaced and with other noise. A
prior that follows the motion averages along it.
"""

# %%
# The film
# --------
# A camera pans over a photograph: crops that move by 3 rows and 5 columns per frame, reduced by half, so everything in
# the film moves by 1.5 and 2.5 pixels. A ``Lanczos`` decimation acts on the last two axes of any tensor.

from __future__ import annotations

import os

import torch
from skimage import data

import invprior as ip

SHORT = os.environ.get("INVPRIOR_DOCS") == "short"
T, H, W, STOP = (3, 24, 32, ip.stop.MaxIterations(10)) if SHORT else (8, 96, 96, None)

photograph = torch.from_numpy(data.astronaut()).movedim(-1, 0) / 255
crops = [photograph[:, 3 * t : 3 * t + 2 * H, 80 + 5 * t : 80 + 5 * t + 2 * W] for t in range(T)]
film = torch.stack(crops)
clean = ip.operators.Lanczos(film.shape, factor=2)(film).clamp(0, 1)

A = ip.operators.Identity(clean.shape)
model = ip.noise.Gaussian(25 / 255)
y = model.sample(clean, torch.Generator().manual_seed(0))
print(f"{tuple(y.shape)}, noisy: {ip.metrics.psnr(y, clean):.2f} dB")


def weighed(prior: ip.Prior) -> ip.Prior:
    """The penalty with the weight of least estimated risk."""
    return ip.weight.auto(ip.Problem(A, y, noise=model, prior=prior)).weight * prior


def restore(prior: ip.Prior) -> torch.Tensor:
    """x* of the whole film."""
    result = ip.solve(ip.Problem(A, y, noise=model, prior=prior), stop=STOP)
    print(f"{prior!r}: {result.iterations} iterations in {result.seconds:.1f} s, {result.status}")
    return result.x.clamp(0, 1)


# %%
# Frame by frame
# --------------
# TV of each frame separately, with one weight for all frames.

restored = {"frame TV": restore(weighed(ip.priors.TV()))}

# %%
# Along the motion
# ----------------
# Motion is estimated from the frames just restored (TV-L1 optical flow; Zach, Pock & Bischof 2007), because noise in
# the measured ones would look like motion. ``VideoTV`` adds to the differences in space those between each point and
# its place in the next frame. It uses a norm, not its square, so an occluded point costs its contrast once.

flow = ip.motion.estimate(restored["frame TV"])
print(f"estimated motion: {flow[:, 0].median():.2f} rows, {flow[:, 1].median():.2f} columns a frame (median)")
restored["VideoTV"] = restore(weighed(ip.priors.VideoTV(3.0, flow)))

# %%
# One network for all frames
# --------------------------
# ``VideoDIP`` draws every frame with the same network from inputs that change smoothly with time. It learns the common
# content from all frames, and learns the noise, which they do not share, late.

restored["VideoDIP"] = restore(ip.priors.VideoDIP("denoise"))

# %%
# PSNR and flicker
# ----------------
# Flicker is the mean change along the true motion, which is known here, in steps of 8 bits. Even the clean film has
# some, because every frame is sampled anew.

true_flow = torch.tensor([-1.5, -2.5])[:, None, None].expand(T - 1, 2, H, W)
D = ip.operators.MotionDifference(clean.shape, true_flow)


def flicker(x: torch.Tensor) -> float:
    """Mean modulus of the difference along the motion, where that stays in the picture."""
    return 255 * float(D(x).abs().sum() / (D.visible.sum() * x.shape[1]))


films = {"clean": clean, "noisy": y} | restored
for name, x in films.items():
    print(f"{name:8s} {ip.metrics.psnr(x, clean):5.2f} dB, flicker {flicker(x):5.2f}")

# %%
# With so few frames the motion gains more than the network, and costs less; the page about films has the figures for
# longer films. One frame of each:

captions = {name: name if x is clean else f"{name}, {ip.metrics.psnr(x, clean):.1f} dB" for name, x in films.items()}
ip.show({captions[name]: x[T // 2] for name, x in films.items()}, columns=3)

# %%
# One column of pixels through the face, in all frames, with time from left to right, following the scene to the nearest
# pixel. Without flicker every row keeps its colour.

reach = H - 3 * T // 2
strips = {
    name: torch.stack(
        [frame[:, 3 * (T - t) // 2 :][:, :reach, 5 * W // 8 - 5 * t // 2] for t, frame in enumerate(x)], dim=-1
    ).repeat_interleave(reach // T, dim=-1)
    for name, x in films.items()
}
ip.show(strips)
