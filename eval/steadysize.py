"""A face box of a steady size: its place follows the face, its size is the first one."""

from workflow.media.box import Box

OTHER_SHOT = 1.2  # times the width of the face so far


class SteadySize:
    """Gives boxes one size through a video.

    A detector finds one face some per cent larger or smaller from look to look; sharpness goes with more than the
    square of that, and cheeks slide towards eyes or hair. A face of quite another size is another shot, and counts.
    """

    def __init__(self) -> None:
        self.first: Box | None = None
        self._size: Box | None = None

    def of(self, box: Box) -> Box:
        """The box of the steady size around the middle of ``box`` (may leave the picture)."""
        self.first = self.first or box
        if self._size is None or not 1 / OTHER_SHOT < box.w / self._size.w < OTHER_SHOT:
            self._size = box
        width, height = self._size.w, self._size.h
        return Box(round(box.x + (box.w - width) / 2), round(box.y + (box.h - height) / 2), width, height)
