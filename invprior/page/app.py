"""The addresses of the page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import torch
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from invprior.errors import InvpriorError
from invprior.io import read, read_mask
from invprior.marks import PROPOSALS
from invprior.page.answers import TYPES, Endpoint, apart, bytes_of, proposed, said, static
from invprior.page.form import FORMATS, Form
from invprior.page.guard import Guard
from invprior.page.layers import Layers
from invprior.page.share import before_and_after
from invprior.page.store import BYTES, Store
from invprior.page.work import Work, error_map

# Seconds between two looks at the jobs, and between two signs of life to a browser.
TICK, ALIVE = 0.25, 10.0
# Bytes of a request that is no file.
LARGEST = 1 << 20


class Page:
    """The page over a folder."""

    def __init__(self, store: Store, work: Work) -> None:
        self._store, self._work = store, work
        self._layers = Layers(store.hidden / "tiles")
        self._changed = asyncio.Condition()
        self._version = 0

    def app(self, token: str, hosts: list[str]) -> Starlette:
        """The application, guarded by a token."""
        routes = [
            Route("/", self._static("index.html")),
            *(Route(f"/{name}", self._static(name)) for name in static() if name != "index.html"),
            Route("/api/state", said(self._state)),
            Route("/api/events", self._events),
            Route("/api/pictures", said(self._upload), methods=["POST"]),
            Route("/api/pictures/{id}", said(self._forget), methods=["DELETE"]),
            Route("/api/pictures/{id}/hole", said(self._hole)),
            Route("/api/pictures/{id}/values", said(self._values)),
            Route("/api/pictures/{id}/proposal/{kind}", said(self._proposal)),
            Route("/api/pictures/{id}/file", said(self._file)),
            Route("/api/masks/{picture}", said(self._mask), methods=["POST"]),
            Route("/api/plan", said(self._plan), methods=["POST"]),
            Route("/api/jobs", said(self._start), methods=["POST"]),
            Route("/api/jobs/{id}/{action}", said(self._act), methods=["POST"]),
            Route("/api/jobs/{id}/journal", said(self._journal)),
            Route("/api/jobs/{id}/record", said(self._record)),
            Route("/api/jobs/{id}/result", said(self._result)),
            Route("/api/jobs/{id}/share", said(self._share)),
            Route("/api/layers/{key}", said(self._layer)),
            Route("/api/layers/{key}/{level:int}/{column:int}/{row:int}", said(self._tile)),
        ]
        guard = Middleware(Guard, token=token, hosts=hosts)
        return Starlette(routes=routes, middleware=[guard], lifespan=self._lifespan)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        watch = asyncio.create_task(self._watch())
        yield
        watch.cancel()
        self._work.close()

    async def _watch(self) -> None:
        """Look after the jobs, and wake the streams when there is something to tell."""
        while True:
            with suppress(InvpriorError, OSError):  # of a full disk, which may have room again
                if await run_sync(self._work.tick):
                    await self._wake()
            await asyncio.sleep(TICK)

    async def _wake(self) -> None:
        async with self._changed:
            self._version += 1
            self._changed.notify_all()

    def _told(self) -> dict[str, Any]:
        return {
            "folder": str(self._store.folder),
            "pictures": [
                {name: getattr(u, name) for name in ("id", "name", "kind", "suffix", "width", "height", "of")}
                for u in self._store.uploads
            ],
            "jobs": self._work.everything(),
        }

    async def _state(self, request: Request) -> Response:
        return JSONResponse(await run_sync(self._told))

    async def _events(self, request: Request) -> Response:
        return StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[str]:
        """The whole state, at once and whenever it has changed."""
        seen = -1
        while True:
            if seen == self._version:
                async with self._changed:
                    try:
                        await asyncio.wait_for(self._changed.wait(), ALIVE)
                    except TimeoutError:
                        yield ": alive\n\n"
                        continue
            seen = self._version
            yield f"data: {json.dumps(await run_sync(self._told))}\n\n"

    async def _upload(self, request: Request) -> Response:
        name = unquote(request.headers.get("x-name", "picture"))
        kind = request.headers.get("x-kind", "picture")
        length = request.headers.get("content-length", "0")
        if length.isdigit() and int(length) > BYTES:
            raise InvpriorError(f"{name} has more than {BYTES >> 20} MB, which this page takes")
        upload = await self._store.add(name, kind, request.stream())
        if kind == "picture":
            key, path = self._source(f"picture-{upload.id}")
            try:
                await run_sync(self._layers.layer, key, path)
            except InvpriorError as error:
                self._store.remove(upload.id)
                raise InvpriorError(f"{upload.name}{upload.suffix} is damaged: {error}") from error
        await self._wake()
        return JSONResponse({"id": upload.id})

    async def _forget(self, request: Request) -> Response:
        key = request.path_params["id"]
        if any(job.form.picture == key and job.state in ("queued", "running") for job in self._work.jobs):
            raise InvpriorError("a job needs this picture; cancel it first")
        self._store.remove(key)
        await self._wake()
        return JSONResponse({})

    async def _file(self, request: Request) -> Response:
        upload = self._store.upload(request.path_params["id"])
        path = self._store.path(upload)
        return FileResponse(path, filename=path.name)

    async def _hole(self, request: Request) -> Response:
        """The hole of a mask file, one byte a pixel: what the command would take from it."""
        upload = self._store.upload(request.path_params["id"])
        return bytes_of(~await apart(read_mask, self._store.path(upload)))

    async def _values(self, request: Request) -> Response:
        """The values of a mask that was drawn, one byte a pixel, as they were sent."""
        upload = self._store.upload(request.path_params["id"])
        x = await run_sync(lambda: read(self._store.path(upload)).x)
        return bytes_of((x[0] * 255).round())

    async def _proposal(self, request: Request) -> Response:
        upload, kind = self._store.upload(request.path_params["id"]), request.path_params["kind"]
        if kind not in PROPOSALS:
            raise InvpriorError(f"a proposal is one of {', '.join(PROPOSALS)}, got {kind!r:.40}")
        hole = await apart(proposed, kind, self._store.path(upload))
        if not bool(hole.any()):
            raise InvpriorError(f"no {kind} found in {upload.name}")
        return bytes_of(hole)

    async def _mask(self, request: Request) -> Response:
        """Keep the mask that was drawn over a picture: one byte a pixel, 255 in the hole."""
        upload = self._store.upload(request.path_params["picture"])
        expected = upload.width * upload.height
        values = bytearray()
        async for chunk in request.stream():
            values += chunk
            if len(values) > expected:
                break
        if len(values) != expected:
            raise InvpriorError(f"a mask of {upload.name} has {expected} bytes, one a pixel, got {len(values)}")
        hole = torch.frombuffer(values, dtype=torch.uint8).reshape(upload.height, upload.width).float() / 255
        if not bool((hole > 0).any()):
            raise InvpriorError("nothing is marked; paint over what is to be filled")
        needed = {job.form.mask for job in self._work.jobs}
        drawn = [old for old in self._store.uploads if old.of == upload.id and old.id not in needed]
        for old in drawn[:-1]:  # the last one may be that of a job that is just asked for
            self._store.remove(old.id)
        mask = await run_sync(self._store.add_mask, hole, upload)
        await self._wake()
        return JSONResponse({"id": mask.id})

    async def _plan(self, request: Request) -> Response:
        form = Form.read(await self._json(request))
        command, sentences = await run_sync(self._work.plan, form)
        return JSONResponse({"command": command, "sentences": sentences})

    async def _start(self, request: Request) -> Response:
        job = self._work.add(Form.read(await self._json(request)))
        await self._wake()
        return JSONResponse({"id": job.id})

    async def _act(self, request: Request) -> Response:
        actions = {
            "cancel": self._work.cancel,
            "keep": self._work.keep,
            "go-on": self._work.go_on,
            "remove": self._work.remove,
        }
        action = request.path_params["action"]
        if action not in actions:
            raise InvpriorError(f"a job takes {', '.join(actions)}, got {action!r:.40}")
        await run_sync(actions[action], request.path_params["id"])
        await self._wake()
        return JSONResponse({})

    async def _journal(self, request: Request) -> Response:
        desk = self._work.desk(self._work.job(request.path_params["id"]))
        return JSONResponse(await run_sync(desk.journal))

    async def _record(self, request: Request) -> Response:
        job = self._work.job(request.path_params["id"])
        record = self._work.desk(job).record()
        if record is None:
            raise InvpriorError("there is no record yet")
        name = f"{Path(job.out).stem}.json"
        return JSONResponse(record, headers={"content-disposition": f'attachment; filename="{name}"'})

    async def _result(self, request: Request) -> Response:
        """The result, as it was written or in another way."""
        job, asked = self._work.job(request.path_params["id"]), request.query_params
        suffix, depth = asked.get("format", Path(job.out).suffix), asked.get("depth", job.form.depth)
        try:
            strength = float(asked.get("strength", job.form.strength))
        except ValueError:
            strength = -1.0
        if suffix not in FORMATS or depth not in ("", "8", "16") or not 0 <= strength <= 1:
            raise InvpriorError(f"a result is written as {', '.join(FORMATS)}, with 8 or 16 bits, strength 0 to 1")
        path = await run_sync(self._work.export, job.id, suffix, depth, strength)
        return FileResponse(path, filename=f"{Path(job.out).stem}{suffix}")

    async def _share(self, request: Request) -> Response:
        """A page of its own with the picture before and after."""
        job = self._work.job(request.path_params["id"])
        before, after = self._store.path(self._store.upload(job.form.picture)), Path(job.out)
        if not after.is_file():
            raise InvpriorError("there is no result yet")
        text = await run_sync(before_and_after, before, after, job.command)
        name = f"{after.stem}.html"
        return Response(text, media_type="text/html", headers={"content-disposition": f'attachment; filename="{name}"'})

    def _source(self, key: str) -> tuple[str, Path]:
        """The name of a pyramid and the file that it shows: of a picture, a result, an error map or a moment."""
        kind, _, rest = key.partition("-")
        if kind == "picture":
            return key, self._store.path(self._store.upload(rest))
        ident, _, name = rest.partition("-")
        job = self._work.job(ident)
        if kind == "moment":
            moments = self._work.desk(job).moments()
            if name not in (m["name"] for m in moments):
                raise InvpriorError("this moment was let go, as later ones came")
            path = self._work.desk(job).folder / "moments" / name
        elif kind in ("result", "error"):
            path = Path(job.out) if kind == "result" else error_map(job)
        else:
            raise InvpriorError(f"there is no layer {key!r:.40}")
        try:
            return f"{kind}-{ident}-{path.stat().st_mtime_ns}", path
        except OSError as error:
            raise InvpriorError(f"{path.name} is not there") from error

    async def _layer(self, request: Request) -> Response:
        name, path = self._source(request.path_params["key"])
        layer = await run_sync(self._layers.layer, name, path)
        return JSONResponse(layer.described())

    async def _tile(self, request: Request) -> Response:
        asked = request.path_params
        name, source = self._source(asked["key"])
        path = self._layers.tile(name, asked["level"], asked["column"], asked["row"])
        if path is None:
            await run_sync(self._layers.layer, name, source)
            path = self._layers.tile(name, asked["level"], asked["column"], asked["row"])
        if path is None:
            return Response(status_code=404)
        return FileResponse(path, media_type="image/png", headers={"cache-control": "private, max-age=600"})

    def _static(self, name: str) -> Endpoint:
        body = files("invprior.page").joinpath("static", name).read_bytes()

        async def answer(request: Request) -> Response:
            return Response(body, media_type=TYPES[Path(name).suffix])

        return answer

    async def _json(self, request: Request) -> Any:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST:
                raise InvpriorError("the request is too large")
        try:
            return json.loads(bytes(body))
        except (ValueError, RecursionError) as error:
            raise InvpriorError("the request is not JSON") from error
