"""Settings are named by what differs, clips by what is spoken by whom."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from olden import graph_of

from sweeps.adopt.folder import Seen
from sweeps.adopt.group import NUMBERED, Group, Video, grouped
from sweeps.adopt.made import Made, Source, parameters
from workflow.binding import bind


def video(
    name: str,
    values: Mapping[str, Any] | None = None,
    *,
    seed: int = 2,
    speech: str = "hello.wav",
    picture: str = "anna.png",
    speech_sha256: str | None = None,
    when: int = 0,
    crf: int = 19,
) -> Video:
    graph = graph_of(seed=seed, speech=speech, picture=picture, values=values)
    found, computed = parameters(bind(graph), graph)
    rest = {"16": {"class_type": "VHS_VideoCombine", "inputs": {"crf": crf}, "_meta": {"title": "Video"}}}
    made = Made(graph, found, computed, seed, Source(speech, speech_sha256), Source(picture), rest=rest)
    return Video(Seen(Path(name), name, 1, when), f"sha of {name}", made)


def shape(groups: tuple[Group, ...]) -> dict[str, list[tuple[str, int, str]]]:
    return {one.name: [(m.clip, m.seed, m.video.name) for m in one.members] for one in groups}


def test_settings_are_named_by_what_differs_in_the_order_in_which_they_were_tried() -> None:
    groups, left = grouped(
        [
            video("c", {"motion_frame": 13, "steps": 8}, when=1),
            video("a", {"motion_frame": 9}, when=2),
            video("b", {"motion_frame": 9}, when=3, seed=1),
        ]
    )
    assert shape(groups) == {
        "motion_frame=13, steps=8": [("hello", 2, "c")],
        "motion_frame=9, steps=4": [("hello", 1, "b"), ("hello", 2, "a")],
    }
    assert left == []


def test_videos_whose_seeds_were_drawn_anew_are_numbered_so_that_there_are_pairs() -> None:
    """Seeds as ComfyUI draws them: no two alike."""
    groups, left = grouped(
        [
            video("a", {"motion_frame": 9}, seed=900, when=1),
            video("b", {"motion_frame": 9}, seed=4, when=2),
            video("c", {"motion_frame": 9}, seed=31, when=5, speech="bye.wav"),
            video("d", {"motion_frame": 13}, seed=77, when=3),
            video("e", {"motion_frame": 13}, seed=8, when=4),
        ]
    )
    assert shape(groups) == {
        "motion_frame=9": [("hello", 1, "a"), ("hello", 2, "b"), ("bye", 1, "c")],
        "motion_frame=13": [("hello", 1, "d"), ("hello", 2, "e")],
    }
    assert left == [] and all(NUMBERED in one.notes for one in groups)


def test_seeds_stay_what_they_are_where_settings_share_them() -> None:
    mine = [video("a", {"motion_frame": 9}, seed=7), video("b", {"motion_frame": 13}, seed=7)]
    for more in ([], [video("c", {"motion_frame": 13}, seed=9)], [video("c", {"steps": 8}, seed=9, speech="bye.wav")]):
        groups, _ = grouped([*mine, *more])
        assert sorted(one.seed for group in groups for one in group.members) == [7, 7, *(9 for _ in more)]
        assert not any(NUMBERED in one.notes for one in groups)


def test_equal_numbers_are_one_setting_however_they_are_written() -> None:
    groups, _ = grouped([video("a", {"cfg": 1.0}), video("b", {"cfg": 1}, seed=3)])
    assert [one.name for one in groups] == ["adopted"]


def test_a_clip_is_named_by_its_speech_and_by_its_picture_where_that_is_needed() -> None:
    groups, _ = grouped([video("a"), video("b", speech="in/bye.wav")])
    assert [m.clip for m in groups[0].members] == ["hello", "bye"]
    groups, _ = grouped([video("a"), video("b", picture="berta.png"), video("c", speech="x.wav")])
    assert [m.clip for m in groups[0].members] == ["hello + anna", "hello + berta", "x + anna"]
    groups, _ = grouped([video("a"), video("b", speech="other/hello.wav"), video("c", speech="0123456789abcdef" * 3)])
    assert [m.clip for m in groups[0].members] == ["hello + anna", "hello + anna #2", "01234567 + anna"]


def test_a_file_whose_content_changed_under_its_name_is_another_clip() -> None:
    groups, left = grouped([video("a", speech_sha256="a" * 64), video("b", speech_sha256="b" * 64)])
    assert len({m.clip for m in groups[0].members}) == 2 and left == []
    groups, left = grouped([video("a", speech_sha256="a" * 64), video("b", seed=3)])
    assert len({m.clip for m in groups[0].members}) == 1


def test_size_and_prompt_that_only_differ_between_clips_are_no_settings() -> None:
    groups, _ = grouped(
        [
            video("a", {"width": 64, "motion_frame": 9, "positive_prompt": "hello"}),
            video("b", {"width": 96, "motion_frame": 9, "positive_prompt": "bye"}, speech="bye.wav"),
            video("c", {"width": 64, "motion_frame": 13, "positive_prompt": "hello"}),
        ]
    )
    assert [one.name for one in groups] == ["motion_frame=9", "motion_frame=13"]
    assert "width" not in groups[0].values and groups[0].values["height"] == 96
    assert groups[0].notes == ("width, positive_prompt: each clip has its own",)
    groups, _ = grouped([video("a", {"width": 64}), video("b", {"width": 96})])
    assert [one.name for one in groups] == ["width=64", "width=96"]


def test_of_the_same_setting_clip_and_seed_the_newest_counts_and_what_else_differs_is_said() -> None:
    groups, left = grouped([video("old", when=1), video("new", when=2, crf=30)])
    assert shape(groups) == {"adopted": [("hello", 2, "new")]}
    assert [(one.name, one.bad) for one in left] == [("old", False)]
    assert "as new, which is newer" in left[0].why and "Video.crf: 19 → 30" in left[0].why
    groups, _ = grouped([video("a"), video("b", seed=3, crf=30)])
    assert any("Video.crf: 19 → 30" in note for note in groups[0].notes)


def test_names_of_long_or_strange_texts_are_short_distinct_and_plain() -> None:
    start = '<b>"it\'s" 她在说话\x1b[31m' * 4
    groups, _ = grouped([video(name, {"negative_prompt": f"{start}{name}"}) for name in ("a", "b")])
    names = [one.name for one in groups]
    assert len(set(names)) == 2
    assert all(name.isprintable() and len(name) < 70 for name in names)


def test_what_a_graph_does_not_have_is_named_none() -> None:
    graph = graph_of()
    del graph["12"], graph["13"]["inputs"]["block_swap_args"]
    found, computed = parameters(bind(graph), graph)
    bare = Made(graph, found, computed, 2, Source("hello.wav"), Source("anna.png"))
    groups, _ = grouped([video("a"), Video(Seen(Path("b"), "b", 1, 1), "sha of b", bare)])
    assert [one.name for one in groups] == ["block_swap=20", "block_swap=none"]
