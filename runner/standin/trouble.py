"""What is said when a request fails: the words of the server and of a proxy before it."""

from typing import Final

TROUBLE: Final = "500 Internal Server Error\n\nServer got itself in trouble"
"""aiohttp's own, for an exception that no handler caught."""
GATEWAY: Final = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body><h1>502 Bad Gateway</h1></body>\r\n</html>"
)
"""A proxy whose server does not answer."""
NO_ROOM: Final = "no room"
"""Set in a request whose file finds no room on the disk."""
