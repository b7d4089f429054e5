"""The folder of the page: uploaded pictures and their names."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import Tensor

from invprior.errors import InvpriorError
from invprior.io import Picture, write
from invprior.io.raster import check_header, size
from invprior.io.whole import whole_file

# What the page keeps for itself, inside the folder that the user named.
HIDDEN = ".invprior-page"
# Bytes of a file and pixels of a picture that are taken.
BYTES, PIXELS = 1 << 30, 250_000_000
# What files begin with; a dot stands for any byte.
SIGNS = {
    b"\x89PNG\r\n\x1a\n": ".png",
    b"\xff\xd8\xff": ".jpg",
    rb"II[*+]\0": ".tif",
    rb"MM\0[*+]": ".tif",
    b"RIFF....WEBP": ".webp",
    b"....ftypavif": ".avif",
}
KINDS = ("picture", "mask", "psf", "flash")


@dataclass(frozen=True)
class Upload:
    """A picture that was given to the page.

    Attributes
    ----------
    id
        The name of its folder, made here.
    name
        What the user called it, without anything that a path could be made of.
    kind
        ``picture``, ``mask``, ``psf`` or ``flash``.
    of
        Of a mask that was drawn, the picture below it.
    """

    id: str
    name: str
    kind: str
    suffix: str
    width: int
    height: int
    of: str = ""


class Store:
    """The uploads in a folder.

    Parameters
    ----------
    folder
        Where the user wants the results.

    Raises
    ------
    InvpriorError
        If it cannot be made or written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.hidden = folder, folder / HIDDEN
        try:
            for name in ("pictures", "jobs", "tiles"):
                (self.hidden / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvpriorError(f"cannot write {folder}: {error.strerror or error}") from error
        self._uploads: dict[str, Upload] = {}
        for path in sorted((self.hidden / "pictures").glob("*/upload.json"), key=lambda p: p.stat().st_mtime):
            try:
                upload = Upload(**json.loads(path.read_text(encoding="utf-8")))
            except (OSError, ValueError, TypeError):  # killed while it was written
                continue
            self._uploads[upload.id] = upload

    @property
    def uploads(self) -> list[Upload]:
        """All uploads, the oldest first."""
        return list(self._uploads.values())

    def upload(self, key: str) -> Upload:
        """The upload of an id; raises if there is none."""
        if key not in self._uploads:
            raise InvpriorError("there is no such picture; it may have been removed in another tab")
        return self._uploads[key]

    def path(self, upload: Upload) -> Path:
        """The file of an upload; its name is the one that the user knows."""
        return self.hidden / "pictures" / upload.id / f"{upload.name}{upload.suffix}"

    async def add(self, name: str, kind: str, chunks: AsyncIterator[bytes]) -> Upload:
        """Keep a file that is sent; its size and its pixels are looked at before anything is decoded.

        Raises
        ------
        InvpriorError
            If it is too large, or no picture.
        """
        if kind not in KINDS:
            raise InvpriorError(f"an upload is one of {', '.join(KINDS)}, got {kind!r:.40}")
        key = secrets.token_hex(6)
        folder = self.hidden / "pictures" / key
        folder.mkdir()
        try:
            raw, count = folder / "raw", 0
            with raw.open("wb") as file:
                async for chunk in chunks:
                    count += len(chunk)
                    if count > BYTES:
                        raise InvpriorError(f"{plain(name)} has more than {BYTES >> 20} MB, which this page takes")
                    file.write(chunk)
            suffix = suffix_of(raw, plain(name))
            path = folder / f"{plain(name)}{suffix}"
            raw.rename(path)
            return self._kept(key, plain(name), kind, path)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, InvpriorError):
                raise InvpriorError(str(error).replace(str(folder) + "/", "")) from error
            raise

    def add_mask(self, hole: Tensor, picture: Upload) -> Upload:
        """Keep a mask (H, W) in [0, 1] of a picture, 1 where the hole is, as a PNG."""
        key = secrets.token_hex(6)
        folder = self.hidden / "pictures" / key
        folder.mkdir()
        name = f"{picture.name}-mask"
        path = folder / f"{name}.png"
        write(path, Picture(hole[None], None, "uchar", 0.0, 255.0, None))
        return self._kept(key, name, "mask", path, picture.id)

    def remove(self, key: str) -> None:
        """Forget an upload and its copy; the user's own file was never here."""
        upload = self.upload(key)
        del self._uploads[upload.id]
        shutil.rmtree(self.hidden / "pictures" / upload.id, ignore_errors=True)

    def _kept(self, key: str, name: str, kind: str, path: Path, of: str = "") -> Upload:
        check_header(path)
        width, height = size(path)
        if width * height > PIXELS:
            raise InvpriorError(
                f"{name} has {width}×{height} pixels, and this page takes {PIXELS // 10**6} million; use the command "
                "line for it"
            )
        upload = Upload(key, name, kind, path.suffix, width, height, of)
        self._uploads[key] = upload
        save_json(path.parent / "upload.json", asdict(upload))
        return upload

    def target(self, stem: str, suffix: str, taken: set[Path]) -> Path:
        """A file in the user's folder that is not there yet."""
        number = 1
        while True:
            path = self.folder / f"{stem}{'' if number == 1 else f'-{number}'}{suffix}"
            if not path.exists() and path not in taken:
                return path
            number += 1


def plain(name: str) -> str:
    """The stem of a file's name, of letters, digits, ``_``, ``-`` and single dots: nothing that a path is made of."""
    stem = re.split(r"[/\\]", name)[-1].rsplit(".", 1)[0]
    stem = re.sub(r"[^\w-]+", "_", stem).strip("_")
    return stem[:60] or "picture"


def suffix_of(path: Path, name: str) -> str:
    """The suffix of a picture by its first bytes, whatever its name says."""
    with path.open("rb") as file:
        start = file.read(12)
    for sign, suffix in SIGNS.items():
        if re.match(sign, start, re.DOTALL):
            return suffix
    raise InvpriorError(f"{name} is no PNG, JPEG, TIFF, WebP or AVIF")


def save_json(path: Path, value: object) -> None:
    """Write JSON, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
