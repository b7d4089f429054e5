"""The folder beside OUT that holds finished windows until the film is complete."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from invprior.errors import InvpriorError
from invprior.io.lock import held_file
from invprior.io.whole import whole_file

LOCK = ".lock"


class Work:
    """Finished windows, each a piece of film and a record, and the state that the next window starts from.

    Each file is renamed into place whole, the record last. A window counts once its record is there, so a power cut
    loses one window.

    Parameters
    ----------
    target
        OUT; the folder is OUT.parts.
    request
        Everything that determines the result, as JSON; finished windows of another request are not touched.

    Raises
    ------
    InvpriorError
        If the folder holds finished windows of another request.
    """

    def __init__(self, target: Path, request: Mapping[str, Any]) -> None:
        self.folder = target.with_name(f"{target.name}.parts")
        self._request = json.loads(json.dumps(request))
        self.chosen: dict[str, Any] | None = None
        if not self.done:
            return
        before = self._read("request.json")
        if before is None or before["request"] != self._request:
            old = {} if before is None else before["request"]
            if old.get("version") != self._request["version"]:
                raise InvpriorError(
                    f"{self.folder} holds the unfinished work of another version of invprior, which is not touched; "
                    "delete the folder, or give another OUT"
                )
            changed = sorted(k for k, v in self._request.items() if old.get(k) != v)
            raise InvpriorError(
                f"{self.folder} holds the unfinished work of another run ({', '.join(changed)} "
                "changed); run that one again to resume it, delete the folder, or give another OUT"
            )
        self.chosen = before["chosen"]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other run for the same OUT out of the folder."""
        with held_file(self.folder / LOCK):
            try:
                yield
            finally:
                if self.folder.is_dir() and [entry.name for entry in self.folder.iterdir()] == [LOCK]:
                    self.remove()  # nothing was begun

    def begin(self, chosen: Mapping[str, Any]) -> None:
        """Make the folder; ``chosen`` holds what was chosen once for the whole film, such as the weight."""
        self.folder.mkdir(exist_ok=True)
        self.chosen = dict(chosen)
        self._write("request.json", {"request": self._request, "chosen": self.chosen})

    @property
    def done(self) -> int:
        """Number of finished windows."""
        n = 0
        while self._read(f"{n:05d}.json") and self.piece(n).is_file() and self.piece(n).stat().st_size:
            n += 1
        return n

    def piece(self, n: int) -> Path:
        """The film file of a window."""
        return self.folder / f"{n:05d}.mkv"

    def finish(self, n: int, record: Mapping[str, Any], state: Any) -> None:
        """Mark a window as finished, its piece already written; ``state`` is what the next one starts from, or None."""
        if state is not None:
            with whole_file(self.folder / f"{n:05d}.pt") as temporary:
                torch.save(state, temporary)
        self._write(f"{n:05d}.json", record)
        (self.folder / f"{n - 1:05d}.pt").unlink(missing_ok=True)

    def state(self) -> Any:
        """The state that the next window starts from, or None."""
        path = self.folder / f"{self.done - 1:05d}.pt"
        try:
            return torch.load(path, weights_only=True) if path.exists() else None
        except Exception:  # cut off: the next window starts anew
            return None

    def records(self) -> list[dict[str, Any]]:
        """Records of all finished windows."""
        return [self._read(f"{n:05d}.json") or {} for n in range(self.done)]

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder)

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            content: dict[str, Any] = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return content if isinstance(content, dict) else None

    def _write(self, name: str, value: Mapping[str, Any]) -> None:
        with whole_file(self.folder / name) as temporary:
            temporary.write_text(json.dumps(value), encoding="utf-8")
