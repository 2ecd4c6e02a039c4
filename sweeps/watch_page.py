"""``watch --serve``: the same as a page for a phone; it only reads, and asks for a token."""

import hmac
import html
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sweeps.watch import NothingToWatch, Seen, find, lines, look, servers

if TYPE_CHECKING:
    from aiohttp import web

TOKEN_ENV: Final = "INFINITETALK_SWEEP_TOKEN"  # noqa: S105  the name of a variable
"""A token of your own, where one that is new at each start is not wanted."""
_EVERY_S: Final = 3
_STYLE: Final = """
:root { color-scheme: light dark; font: 16px/1.4 system-ui, sans-serif; }
body { margin: 1rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.2rem; } .note { background: #a0309033; padding: .3rem .6rem; border-radius: .4rem; }
progress { width: 100%; height: 1rem; } .wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0; }
td, th { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #8884; white-space: nowrap; }
td:first-child, th:first-child, .words td, .words th { text-align: left; }
.words td { white-space: normal; vertical-align: top; }
"""
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def serve(outputs: Path, sweep: str | None, host: str, port: int) -> int:
    """Serve until Ctrl-C."""
    from aiohttp import web

    token = os.environ.get(TOKEN_ENV) or secrets.token_urlsafe(16)
    web.run_app(
        application(outputs, sweep, token),
        host=host,
        port=port,
        access_log=None,
        print=lambda _: _say(host, port, token),
    )
    return 0


def _say(host: str, port: int, token: str) -> None:
    shown = token if TOKEN_ENV not in os.environ else f"${TOKEN_ENV}"
    where = host if host not in ("0.0.0.0", "::") else "this machine's address"  # noqa: S104
    print(f"http://{where}:{port}/?token={shown}   (Ctrl-C ends it; whoever has the address can read)", flush=True)


def application(outputs: Path, sweep: str | None, token: str) -> "web.Application":
    """The page at ``/``, for whoever has ``token`` in the address or as a bearer; everything else is refused."""
    from aiohttp import web

    async def answer(request: web.Request) -> web.Response:
        given = request.query.get("token") or request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), token.encode()):
            return web.Response(status=403, text="the token is missing or wrong", headers=_HEADERS)
        try:
            text = page(look(find(outputs, sweep)))
        except NothingToWatch as error:
            text = _whole("nothing yet", f"<p>{html.escape(error.message)}</p>")
        return web.Response(text=text, content_type="text/html", headers=_HEADERS)

    app = web.Application()
    app.router.add_get("/", answer)
    return app


def page(seen: Seen) -> str:
    """A sweep as a page; whatever stands in names and messages is text there."""
    status, escape = seen.status, html.escape
    head, counts = lines(seen)
    parts = [f"<h1>{escape(status.sweep)}: {escape(seen.state)}</h1>"]
    parts += [f'<p class="note">{escape(seen.note)}</p>'] if seen.note else []
    parts += [f'<progress max="{max(1, status.total)}" value="{status.over}"></progress><p>{escape(counts)}</p>']
    for style, rows in (("words", [("server", "done", "now", "for"), *servers(seen)]), ("figures", seen.rows)):
        if len(rows) > 1:
            top = "".join(f"<th>{escape(text)}</th>" for text in rows[0])
            body = "".join(f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>" for row in rows[1:])
            parts.append(f"<div class=wide><table class={style}><tr>{top}</tr>{body}</table></div>")
    parts += [f"<p>{escape(text)}</p>" for text in status.notes]
    return _whole(head, "".join(parts))


def _whole(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="{_EVERY_S}">'
        f'<meta name="viewport" content="width=device-width"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    )
