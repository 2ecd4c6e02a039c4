"""The page itself: data, videos and scripts in one HTML file that asks nothing of any network."""

import base64
import gzip
import html
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

ASSETS: Final = Path(__file__).with_name("assets")
SCRIPTS: Final = (
    "words", "phrases", "dom", "marks", "player", "timeline", "grid", "curves", "pair", "sheet",
    "chance", "ballot", "votes", "blind", "tables", "charts", "main",
)  # fmt: skip
"""The scripts in the order in which they build on each other."""
POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; "
    "media-src data: blob: file: 'self'; base-uri 'none'; form-action 'none'"
)
"""Nothing is fetched. Plotly's parallel coordinates compile their drawing, which needs 'unsafe-eval'."""


def render(data: Mapping[str, Any], videos: Mapping[int, Path], *, charts: bool = True) -> str:
    """The page with ``data`` and the video files of its cells, by their number; without ``charts`` it has no Plotly."""
    style = (ASSETS / "page.css").read_text(encoding="utf-8")
    script = "\n".join((ASSETS / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html.escape(str(data['title']))}</title><style>{style}</style></head><body>",
        '<noscript>This page needs JavaScript. 此页面需要 JavaScript。</noscript><div id="page"></div>',
        f'<script type="application/json" id="data">{as_json(data)}</script>',
    ]
    for at, path in videos.items():
        parts.append(f'<script type="text/plain" id="video-{at}">{_base64(path.read_bytes())}</script>')
    if charts:
        parts.append(f'<script type="text/plain" id="plotly">{_plotly()}</script>')
    return "".join(parts) + f"<script>{script}</script></body></html>"


def as_json(data: Any) -> str:
    """JSON that no browser takes for anything else, whatever stands in names: ``<`` is written as its number.

    >>> as_json({"a": "</script><b>"})
    '{"a":"\\\\u003c/script>\\\\u003cb>"}'
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=str)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


@cache
def _plotly() -> str:
    """Plotly's own script, packed: a third of its size, unpacked by the browser when charts are looked at."""
    from plotly.offline import get_plotlyjs

    return _base64(gzip.compress(get_plotlyjs().encode("utf-8"), mtime=0))
