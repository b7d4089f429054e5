"""``invprior serve``: the page on this machine."""

from __future__ import annotations

import secrets
import socket
import webbrowser
from contextlib import suppress
from pathlib import Path

from invprior.cli.asking import CommandLine
from invprior.errors import InvpriorError

LOCAL = "127.0.0.1"
LEAST = 16  # characters of a token of one's own


def serve(folder: Path, port: int, host: str, token: str | None, browser: bool) -> None:
    """Serve the page until Ctrl-C.

    Raises
    ------
    InvpriorError
        If the extra is missing, the port is taken, or another machine is let in without a token of one's own.
    """
    try:
        import uvicorn

        from invprior.page.app import Page
    except ModuleNotFoundError as error:
        raise InvpriorError(
            f"the page needs {error.name}; install it with pip install -e '.[page]' in the clone"
        ) from error
    from invprior.io.lock import held_file
    from invprior.page.store import Store
    from invprior.page.work import Work

    if host != LOCAL and token is None:
        raise InvpriorError(f"--host {host} lets others in; add --token with a secret of {LEAST} characters or more")
    if token is not None and len(token) < LEAST:
        raise InvpriorError(f"--token takes {LEAST} characters or more, got {len(token)}")
    secret = token or secrets.token_urlsafe(24)
    store = Store(folder.absolute())
    listener = _listener(host, port)
    number = listener.getsockname()[1]
    others = () if host == LOCAL else (host, socket.gethostname(), *socket.gethostbyname_ex(socket.gethostname())[2])
    names = {f"{name}:{number}" for name in (LOCAL, "localhost", *others)}
    with held_file(store.hidden / "lock"):
        app = Page(store, Work(store, CommandLine())).app(secret, sorted(names))
        address = f"http://{LOCAL if host in (LOCAL, '0.0.0.0') else host}:{number}/?token={secret}"
        print(f"The page is at {address}", flush=True)
        print(f"Results are written into {store.folder}; Ctrl-C ends the page.", flush=True)
        if host != LOCAL:
            print(f"Open to whoever reaches {host}:{number} and has the token, unencrypted.", flush=True)
        if browser:
            webbrowser.open(address)
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, server_header=False)
        with suppress(KeyboardInterrupt):  # how it is meant to end
            uvicorn.Server(config).run(sockets=[listener])


def _listener(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # whoever reads the address may come before the server is ready, and waits
    except OSError as error:
        listener.close()
        why = error.strerror or error
        raise InvpriorError(f"cannot listen on {host}:{port}: {why}; give another --port") from error
    return listener
