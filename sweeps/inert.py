"""Text that came from elsewhere, in Markdown: it says what it says and does nothing."""

import html
from collections.abc import Sequence


def inert(text: str) -> str:
    """``text`` with HTML as letters and links as words; Markdown shows it as it is.

    >>> inert("<script>x</script> [a](http://b) 2 < 3")
    '&lt;script&gt;x&lt;/script&gt; [a]\\\\(http://b) 2 &lt; 3'
    """
    return html.escape(text, quote=False).replace("](", "]\\(")


def table_cell(*lines: str) -> str:
    r"""Lines as one cell of a table; a backslash before a bar would let the bar end the cell.

    >>> table_cell("a|b", "<i>")
    'a\\|b<br>&lt;i&gt;'
    """
    plain = (" ".join(line.replace("\\", "\\\\").splitlines()) for line in lines)
    return "<br>".join(inert(line).replace("|", "\\|") for line in plain)


def table_lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table in Markdown, of cells as :func:`table_cell` makes them."""
    return [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
