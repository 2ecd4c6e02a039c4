"""Laws of rectangles and crops."""

from hypothesis import given
from hypothesis import strategies as st

from workflow.media.box import Box, crop_around
from workflow.media.facepath import between, bridged, smoothed

sizes = st.integers(16, 4000)


@st.composite
def pictures_with_faces(draw: st.DrawFn) -> tuple[int, int, Box]:
    width, height = draw(sizes), draw(sizes)
    w, h = draw(st.integers(1, width)), draw(st.integers(1, height))
    return width, height, Box(draw(st.integers(0, width - w)), draw(st.integers(0, height - h)), w, h)


@given(pictures_with_faces(), sizes, sizes, st.booleans())
def test_a_crop_is_the_largest_of_its_aspect_inside_the_picture(
    picture: tuple[int, int, Box], want_w: int, want_h: int, centred: bool
) -> None:
    width, height, face = picture
    crop = crop_around(width, height, want_w, want_h, None if centred else face)
    assert crop.x >= 0 and crop.y >= 0 and crop.x + crop.w <= width and crop.y + crop.h <= height
    assert crop.w == width or crop.h == height
    exact = min((height * want_w / want_h, height), (width, width * want_h / want_w))  # the other one sticks out
    assert abs(crop.w - exact[0]) <= 1 and abs(crop.h - exact[1]) <= 1


@given(pictures_with_faces(), sizes, sizes)
def test_a_face_that_fits_is_kept_across(picture: tuple[int, int, Box], want_w: int, want_h: int) -> None:
    width, height, face = picture
    crop = crop_around(width, height, want_w, want_h, face)
    if face.w <= crop.w:
        assert crop.x <= face.x + 1 and face.x + face.w <= crop.x + crop.w + 1


@given(pictures_with_faces(), pictures_with_faces())
def test_overlap_is_symmetric_and_one_for_the_same(a: tuple[int, int, Box], b: tuple[int, int, Box]) -> None:
    assert a[2].overlap(b[2]) == b[2].overlap(a[2])
    assert 0 <= a[2].overlap(b[2]) <= 1
    assert a[2].overlap(a[2]) == 1


@given(st.integers(-500, 500), st.integers(-500, 500), st.integers(1, 900), st.integers(1, 900), sizes, sizes)
def test_what_is_cut_to_a_picture_lies_in_it(x: int, y: int, w: int, h: int, width: int, height: int) -> None:
    box = Box(x, y, w, h).within(width, height)
    assert box.x >= 0 and box.y >= 0 and box.w >= 1 and box.h >= 1
    assert box.x + box.w <= width and box.y + box.h <= height


corners = st.tuples(*[st.floats(0, 1000)] * 4)
paths = st.lists(st.none() | corners, max_size=20)


@given(paths, st.integers(0, 4))
def test_only_short_gaps_between_two_sightings_are_bridged(path: list, patience: int) -> None:
    filled = bridged(path, patience)
    for i, value in enumerate(path):
        if value is not None:
            assert filled[i] == value
    gap = 0
    for i, value in enumerate(path):
        gap = gap + 1 if value is None else 0
        ends = i + 1 == len(path) or path[i + 1] is not None
        if gap and ends:
            first, inner = i - gap + 1, i + 1 < len(path) and i - gap >= 0
            assert all(filled[k] is not None for k in range(first, i + 1)) == (inner and gap <= patience)


@given(paths)
def test_smoothing_keeps_gaps_and_stays_between_its_neighbours(path: list) -> None:
    result = smoothed(path)
    assert [value is None for value in result] == [value is None for value in path]
    known = [value for value in path if value is not None]
    for value in result:
        if value is not None:
            for k in range(4):
                assert min(c[k] for c in known) - 1e-6 <= value[k] <= max(c[k] for c in known) + 1e-6


@given(corners)
def test_a_still_face_stays_still_and_one_bad_look_is_forgotten(corner: tuple[float, float, float, float]) -> None:
    wild = tuple(value + 500 for value in corner)
    result = smoothed([corner, corner, corner, wild, corner, corner, corner])
    for value in result:
        assert value is not None
        assert all(abs(a - b) < 1e-6 for a, b in zip(value, corner, strict=True))


@given(corners, corners, st.floats(0, 1))
def test_between_two_positions_is_on_the_line(a: tuple, b: tuple, share: float) -> None:
    value = between(a, b, share)
    assert value is not None
    for k in range(4):
        assert min(a[k], b[k]) - 1e-6 <= value[k] <= max(a[k], b[k]) + 1e-6
    assert between(a, None, share) == (a if share <= 0.5 else None)
