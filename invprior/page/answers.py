"""What endpoints have in common: sentences, masks as bytes, and work in a process of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from invprior.errors import InvpriorError
from invprior.io import read
from invprior.marks import PROPOSALS

# The files of the page, by suffix.
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
Endpoint = Callable[[Request], Awaitable[Response]]


def static() -> list[str]:
    """The files of the page."""
    return sorted(p.name for p in files("invprior.page").joinpath("static").iterdir() if Path(p.name).suffix in TYPES)


def said(endpoint: Endpoint) -> Endpoint:
    """The endpoint, whose user errors are told in a sentence."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except InvpriorError as error:
            return JSONResponse({"error": str(error)}, 400)
        except ClientDisconnect:  # nobody is left to answer
            return Response(status_code=400)

    return answer


def proposed(kind: str, path: Path) -> torch.Tensor:
    """The hole that a proposal finds in a picture."""
    return PROPOSALS[kind](read(path).x)


async def apart(work: Callable[..., torch.Tensor], *given: object) -> torch.Tensor:
    """Do work that takes much memory in a process of its own, which gives it back."""

    def done() -> torch.Tensor:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            return pool.submit(work, *given).result()

    return await run_sync(done)


def bytes_of(mask: torch.Tensor) -> Response:
    """A mask (H, W), boolean or from 0 to 255, one byte a pixel, with its size in a header."""
    height, width = mask.shape
    values = (mask.to(torch.uint8) * (255 if mask.dtype == torch.bool else 1)).cpu().numpy()
    size = {"x-width": str(width), "x-height": str(height)}
    return Response(np.ascontiguousarray(values).tobytes(), media_type="application/octet-stream", headers=size)
