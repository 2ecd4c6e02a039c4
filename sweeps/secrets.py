"""What must not be shown or kept: passwords inside addresses."""

import re

_LOGIN = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^/\s@'\"]*@")


def without_passwords(text: str) -> str:
    """``text`` with the login of every address in it replaced by ``***``.

    >>> without_passwords("url: http://anna:secret@box:8188, x@y")
    'url: http://***@box:8188, x@y'
    """
    return _LOGIN.sub(r"\g<scheme>***@", text)
