"""The folder beside OUT that holds finished windows until the film is complete."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch

from invprior.errors import InvpriorError
from invprior.io.lock import held_file
from invprior.io.whole import remove_leftovers, whole_file

LOCK = ".lock"
# The names of the files in the folder; nothing else in it is ever removed.
OWN = re.compile(r"request\.json|\d{5}\.(mkv|json|pt)|\.lock")


class Work:
    """Finished windows, each a piece of film and a record, and the state that the next window starts from.

    Each file is renamed into place whole, the record last, with digests of the others. A window counts if its files are
    what the record says, so a power cut loses one window, and damaged windows are restored again.

    Parameters
    ----------
    target
        OUT; the folder is OUT.parts.
    request
        Everything that determines the result, as JSON; finished windows of another request are not touched.

    Attributes
    ----------
    chosen
        What was chosen once for the whole film by the run that began the work, or None.
    replaces
        True if OUT was there when the work was begun: a film that is not finished then goes beside it.
    damaged
        True if windows that were finished do not count, since their files are not what was written.

    Raises
    ------
    InvpriorError
        If the folder's name is too long.
    """

    def __init__(self, target: Path, request: Mapping[str, Any]) -> None:
        self.folder = target.with_name(f"{target.name}.parts")
        self.replaces = target.exists()
        self._request = json.loads(json.dumps(request))
        self.chosen: dict[str, Any] | None = None
        self.damaged = False
        self._records: list[dict[str, Any]] = []
        try:
            (self.folder / LOCK).stat()
        except FileNotFoundError:
            pass
        except OSError as error:
            raise InvpriorError(
                f"cannot keep unfinished work in {self.folder}: {error.strerror}; give OUT another name"
            ) from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other run for the same OUT out of the folder, and take up what an earlier one has finished.

        Raises
        ------
        InvpriorError
            If another run holds it, or it holds finished windows of another request or version.
        """
        with held_file(self.folder / LOCK):
            try:
                self._take_up()
                yield
            finally:
                if self.folder.is_dir() and [entry.name for entry in self.folder.iterdir()] == [LOCK]:
                    self.remove()  # nothing was begun

    def begin(self, chosen: Mapping[str, Any]) -> None:
        """Begin anew; ``chosen`` holds what was chosen once for the whole film, such as the weight."""
        self._clear("request.json")
        self.chosen = json.loads(json.dumps(chosen))
        self._write("request.json", {"request": self._request, "chosen": self.chosen, "replaces": self.replaces})

    @property
    def done(self) -> int:
        """Number of finished windows."""
        return len(self._records)

    def piece(self, n: int) -> Path:
        """The film file of a window."""
        return self.folder / f"{n:05d}.mkv"

    def finish(self, n: int, record: Mapping[str, Any], state: Any) -> None:
        """Mark a window as finished, its piece already written; ``state`` is what the next one starts from, or None."""
        if state is not None:
            with whole_file(self._state(n)) as temporary:
                torch.save(state, temporary)
        digests = {"piece": _digest(self.piece(n)), "state": None if state is None else _digest(self._state(n))}
        plain = json.loads(json.dumps(record))
        self._write(f"{n:05d}.json", {"record": plain, **digests})
        self._records.append(plain)
        self._state(n - 1).unlink(missing_ok=True)

    def state(self) -> Any:
        """The state that the next window starts from, or None."""
        path = self._state(self.done - 1)
        return torch.load(path, weights_only=True) if self.done and path.exists() else None

    def records(self) -> list[dict[str, Any]]:
        """Records of all finished windows."""
        return self._records

    def remove(self) -> None:
        """Delete the folder, unless it holds something of others."""
        self._clear(LOCK, "request.json")
        remove_leftovers(self.folder)
        # the request last, so that what is left after a power cut is known; the lock after everything it protects
        for name in ("request.json", LOCK):
            (self.folder / name).unlink(missing_ok=True)
        with suppress(OSError):
            self.folder.rmdir()

    def _take_up(self) -> None:
        """Read what an earlier run has finished."""
        begun = sum(1 for entry in self.folder.glob("[0-9]*.json") if OWN.fullmatch(entry.name))
        if not begun:
            return
        before = self._read("request.json", "request", "chosen", "replaces")
        if before is None:
            self.damaged = True
            return
        old = before["request"]
        if old.get("version") != self._request["version"]:
            raise InvpriorError(
                f"{self.folder} holds the unfinished work of another version of invprior, which is not touched; "
                "delete the folder, or give another OUT"
            )
        finished = self._finished()
        if finished and old != self._request:
            changed = sorted(k for k in {*old, *self._request} if old.get(k) != self._request.get(k))
            raise InvpriorError(
                f"{self.folder} holds the unfinished work of another run ({', '.join(changed)} "
                "changed); run that one again to resume it, delete the folder, or give another OUT"
            )
        self.damaged = len(finished) < begun
        if finished:
            self._records, self.chosen, self.replaces = finished, before["chosen"], before["replaces"]

    def _finished(self) -> list[dict[str, Any]]:
        """Records of the windows whose files are what was written, up to the first other one."""
        records: list[dict[str, Any]] = []
        state: str | None = None
        while window := self._read(f"{len(records):05d}.json", "record", "piece", "state"):
            if window["piece"] != _digest(self.piece(len(records))):
                break
            records.append(window["record"])
            state = window["state"]
        # the next window of a network starts from the state of this one, and older states are gone
        return records if state is None or state == _digest(self._state(len(records) - 1)) else []

    def _state(self, n: int) -> Path:
        return self.folder / f"{n:05d}.pt"

    def _clear(self, *but: str) -> None:
        for entry in list(self.folder.iterdir()):
            if OWN.fullmatch(entry.name) and entry.name not in (LOCK, *but) and not entry.is_dir():
                entry.unlink()

    def _read(self, name: str, *keys: str) -> dict[str, Any] | None:
        """The content of a file that :meth:`_write` wrote; None if it is another one."""
        try:
            content = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(content, dict) or content.keys() != {*keys, "seal"}:
            return None
        seal = content.pop("seal")
        return content if seal == _seal(content) else None

    def _write(self, name: str, value: Mapping[str, Any]) -> None:
        with whole_file(self.folder / name) as temporary:
            temporary.write_text(json.dumps({**value, "seal": _seal(value)}), encoding="utf-8")


def _seal(value: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _digest(path: Path) -> str | None:
    """SHA-256 of a file; None if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
