"""A rectangle in pixels, and the crops that pictures are cut to."""

from dataclasses import dataclass

from workflow.media.arrays import Picture


@dataclass(frozen=True)
class Box:
    """A rectangle: left, top, width, height, in pixels of the full picture."""

    x: int
    y: int
    w: int
    h: int

    @property
    def area(self) -> int:
        """Square pixels."""
        return self.w * self.h

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y) of the middle."""
        return self.x + self.w / 2, self.y + self.h / 2

    def overlap(self, other: "Box") -> float:
        """Intersection over union, 0 … 1."""
        width = min(self.x + self.w, other.x + other.w) - max(self.x, other.x)
        height = min(self.y + self.h, other.y + other.h) - max(self.y, other.y)
        if width <= 0 or height <= 0:
            return 0.0
        return width * height / (self.area + other.area - width * height)

    def within(self, width: int, height: int) -> "Box":
        """The part that lies inside a picture of that size, at least one pixel."""
        left, top = min(max(self.x, 0), width - 1), min(max(self.y, 0), height - 1)
        right, bottom = min(self.x + self.w, width), min(self.y + self.h, height)
        return Box(left, top, max(right - left, 1), max(bottom - top, 1))

    def grown(self, factor: float) -> "Box":
        """The same centre, ``factor`` times the size (may leave the picture)."""
        (cx, cy), width, height = self.centre, round(self.w * factor), round(self.h * factor)
        return Box(round(cx - width / 2), round(cy - height / 2), width, height)

    def cut(self, image: Picture) -> Picture:
        """The view of ``image`` inside the box."""
        box = self.within(image.shape[1], image.shape[0])
        return image[box.y : box.y + box.h, box.x : box.x + box.w]


def crop_around(have_w: int, have_h: int, want_w: int, want_h: int, face: Box | None = None) -> Box:
    """The largest crop of a ``have`` picture with the aspect of ``want``, to the nearest pixel.

    Without a face it lies in the middle. With one, the face's centre comes to the middle of the width and to two
    fifths of the height, as far as the picture's edges allow.
    """
    if have_w * want_h > have_h * want_w:
        width, height = max(1, round(have_h * want_w / want_h)), have_h
    else:
        width, height = have_w, max(1, round(have_w * want_h / want_w))
    if face is None:
        return Box((have_w - width) // 2, (have_h - height) // 2, width, height)
    cx, cy = face.centre
    left, top = round(cx - width / 2), round(cy - height * 0.4)
    return Box(min(max(left, 0), have_w - width), min(max(top, 0), have_h - height), width, height)
