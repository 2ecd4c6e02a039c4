"""Text that came from elsewhere, in Markdown: it says what it says and does nothing."""

import html


def inert(text: str) -> str:
    """``text`` with HTML as letters and links as words; Markdown shows it as it is.

    >>> inert("<script>x</script> [a](http://b) 2 < 3")
    '&lt;script&gt;x&lt;/script&gt; [a]\\\\(http://b) 2 &lt; 3'
    """
    return html.escape(text, quote=False).replace("](", "]\\(")
