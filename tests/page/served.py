"""A running page for tests: the command ``invprior serve`` in a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TOKEN = "a-token-for-tests-0123"
PROGRAM = "from invprior.cli.start import start; start()"


class Served:
    """The page over a folder, and a client that has its token."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = (folder.parent / f"{folder.name}.log").open("w+")
        words = ["serve", str(folder), "--port", "0", "--token", TOKEN, "--no-browser"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *words], stdout=self._log, stderr=subprocess.STDOUT, env=environment
        )
        found = self.until(lambda: re.search(r"http://127\.0\.0\.1:(\d+)/", self.said()), 120)
        self.port = int(found[1])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/?token={TOKEN}"

    def said(self) -> str:
        self._log.seek(0)
        return self._log.read()

    def until(self, ready: Callable[[], Any], seconds: float = 90) -> Any:
        """Wait for something to be true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = ready()
            if found:
                return found
            if self.process.poll() is not None:
                raise AssertionError(f"the server has ended: {self.said()}")
            time.sleep(0.1)
        raise AssertionError(f"waited in vain for {seconds} s: {self.said()}")

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        """Send a request as a browser of this page does; ``headers`` with ``_`` for ``-`` replace or drop its own."""
        given = {"cookie": f"invprior-{self.port}={TOKEN}", "host": f"127.0.0.1:{self.port}"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.putrequest(method, path, skip_host=True)
        for name, value in given.items():
            if value:
                connection.putheader(name, value)
        if body is not None:
            connection.putheader("content-length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, text, answer.msg

    def get(self, path: str) -> Any:
        status, text, _ = self.ask("GET", path)
        assert status == 200, text
        return json.loads(text)

    def post(self, path: str, value: Any = None) -> Any:
        status, text, _ = self.ask("POST", path, json.dumps(value).encode())
        assert status == 200, text
        return json.loads(text)

    def upload(self, path: Path, kind: str = "picture", name: str | None = None) -> str:
        status, text, _ = self.ask("POST", "/api/pictures", path.read_bytes(), x_name=name or path.name, x_kind=kind)
        assert status == 200, text
        return str(json.loads(text)["id"])

    def job(self, key: str) -> Any:
        return next(job for job in self.get("/api/state")["jobs"] if job["id"] == key)

    def wait(self, key: str, *states: str) -> Any:
        """Wait until a job is in one of these states."""
        return self.until(lambda: (job := self.job(key))["state"] in states and job, 120)

    def kill(self) -> None:
        """End the server without a word to it."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self._log.close()
