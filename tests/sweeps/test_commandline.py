"""What a user types: it works, or it fails in one line that shows what works."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from sweeps.commandline import CommandLineError, known_keys, near_misses, read
from sweeps.config import Config


def value_of(argument: str) -> object:
    """What Hydra makes of ``argument`` once it was read."""
    (ready,) = read([argument]).arguments
    return OverridesParser.create().parse_override(ready).value()


@pytest.mark.parametrize(
    "text",
    [
        "一个人在说话",
        "一个人 在说话",
        "一个人，在说话。",
        "it's fine",
        "say (this)!",
        "x[1]",
        "50% more!",
        "C:\\clips\\我",
        "a=b",
        'quo"ted!',
    ],
)
def test_plain_text_with_any_signs_arrives_as_it_was_typed(text: str) -> None:
    assert value_of(f"workflow.positive_prompt={text}") == text


@given(
    st.text(alphabet="中文 语音abc.!？()，'\"=", min_size=1).map(str.strip).filter(lambda t: t and t[0] not in "\"'[{(")
)
def test_text_without_hydras_own_escapes_is_never_changed_silently(text: str) -> None:
    try:
        assert str(value_of(f"clips.dir={text}")) == text
    except CommandLineError as error:
        assert error.hint


def test_values_that_hydra_reads_are_left_to_it() -> None:
    given_ = ["variant=v4", "sweep.seeds=[1,2]", "+experiment=steps", "workflow.cfg=2.0", "~search", "--cfg", "job"]
    assert read(given_).arguments == tuple(given_)


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        ("workflow.cfg=1,2", "sweep.axes.cfg=[1,2]"),
        ("sweep.axes.steps=range(4,9,2)", "\"sweep.axes.steps='range(4,9,2)'\""),
        ("sweep.axes.cfg=1,2", "sweep.axes.cfg=[1,2]"),
        ("sweep.axes.positive_prompt=[你好,再见]", '\'sweep.axes.positive_prompt=["你好","再见"]\''),
        ("motion_frame", "--help"),
        ("--multirun", "sweep.axes"),
    ],
)
def test_what_cannot_be_read_shows_what_can(argument: str, shown: str) -> None:
    with pytest.raises(CommandLineError) as caught:
        read([argument])
    assert shown in caught.value.hint
    assert "\n" not in caught.value.message


def test_the_hint_for_a_list_is_itself_readable() -> None:
    with pytest.raises(CommandLineError) as caught:
        read(["sweep.axes.positive_prompt=[你好 吗,再见]"])
    shown = caught.value.hint.split(": ", 1)[1].strip("'")
    assert value_of(shown) == ["你好 吗", "再见"]


def test_raw_inputs_are_read_beside_hydra() -> None:
    line = read(
        [
            'workflow.inputs."Node title.input"=3',
            "workflow.inputs.采样器.steps=4.5",
            "workflow.inputs.A.b=true",
            "limit=1",
        ]
    )
    assert line.inputs == {"Node title.input": 3, "采样器.steps": 4.5, "A.b": True}
    assert line.arguments == ("limit=1",)


def test_near_misses_name_whole_keys() -> None:
    keys = known_keys(Config)
    assert near_misses("workflow.motion_frames", keys)[0] == "workflow.motion_frame"
    assert "sweep.seeds" in near_misses("sweep.seed", keys)
    assert near_misses("zzzzzz", keys) == []
