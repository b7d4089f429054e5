"""Who may speak to the page: whoever has its token, from this page alone, about this machine's own name."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Nothing is loaded from elsewhere, and nothing else may hold this page in a frame.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
SAFE = {"GET", "HEAD"}


class Guard:
    """Middleware that lets through what bears the token, in the address or, after that, in a cookie.

    Parameters
    ----------
    app
        The page.
    token
        The secret of this run.
    hosts
        The names and ports that a request may be addressed to; others come from a name that was made to lead here.
    """

    def __init__(self, app: ASGIApp, token: str, hosts: Iterable[str]) -> None:
        self._app, self._token, self._hosts = app, token, frozenset(hosts)

    @property
    def cookie(self) -> str:
        """The name of the cookie; of this port, since cookies are shared by all ports of a machine."""
        port = next(iter(sorted(self._hosts))).rpartition(":")[2]
        return f"invprior-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope["method"], headers)
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                extra = [(n.encode(), v.encode()) for n, v in HEADERS.items() if n.encode() not in present]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        if refusal is not None:
            await PlainTextResponse(refusal, 403)(scope, receive, guarded)
        elif self._right(given) and scope["method"] in SAFE and scope["path"] == "/":
            answer = RedirectResponse("/", 303)  # the token leaves the address, so that it is in no history
            answer.set_cookie(self.cookie, given, httponly=True, samesite="strict", path="/")
            await answer(scope, receive, guarded)
        elif self._right(given) or self._right(_cookie(headers.get("cookie", ""), self.cookie)):
            await self._app(scope, receive, guarded)
        else:
            said = "this page needs its token: open the address that invprior serve printed"
            await PlainTextResponse(said, 403)(scope, receive, guarded)

    def _refusal(self, method: str, headers: dict[str, str]) -> str | None:
        host = headers.get("host", "")
        if host not in self._hosts:
            return "this page answers to the address that invprior serve printed, and to no other name"
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            return "another page may not speak to this one"
        if method not in SAFE and origin is None and headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return "another page may not speak to this one"
        return None

    def _right(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())


def _cookie(header: str, name: str) -> str:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value
