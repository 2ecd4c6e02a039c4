"""What a plot of curves says of itself: every line has its name, and each name stands once."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from eval import plot
from eval.metrics.mouth import BY_GEOMETRY, BY_LANDMARKS
from eval.score import Score
from eval.value import number

NAMES = ("mouth/aperture", "sharpness/laplacian", "motion/head")


def score(*names: str, way: str = BY_GEOMETRY) -> Score:
    """Sixty frames in two windows, with these curves."""
    curve = [-0.5, *(float(frame % 7) for frame in range(59))]
    return Score(
        status="ok",
        reason=None,
        values={"mouth/aperture_p95": number(4.0, flags=(way,))},
        curves=dict.fromkeys(names, curve),
        coverage=1.0,
        frames=60,
        fps=25.0,
        seams=(30,),
        per_window={name: [3.0, 4.0] for name in names},
    )


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """``drawn(score)``: the matplotlib figure behind the picture."""
    figures, png = [], plot._png
    monkeypatch.setattr(plot, "_png", lambda canvas: (figures.append(canvas.figure), png(canvas))[1])

    def draw(shown: Any) -> Any:
        plot.plot_curves(shown, tmp_path / "c.png", "t")
        return figures[-1]

    return draw


def legends(figure: Any) -> list[list[str]]:
    every = [*figure.legends, *(axis.get_legend() for axis in figure.axes)]
    return [[text.get_text() for text in one.get_texts()] for one in every if one is not None]


def test_several_scores_share_one_legend_that_names_all_once(drawn: Any) -> None:
    (said,) = legends(drawn({"1 a": score(*NAMES), "2 b": score(*NAMES)}))
    assert Counter(said) == {"1 a": 1, "2 b": 1, "seam": 1, "mean of a window": 1}


def test_a_score_has_one_colour_in_all_panels_also_where_another_lacks_a_curve(drawn: Any) -> None:
    figure = drawn({"1 a": score(NAMES[0]), "2 b": score(*NAMES)})
    colours = {line.get_color() for axis in figure.axes for line in axis.get_lines() if line.get_label() == "2 b"}
    assert len(colours) == 1


def test_one_score_names_its_steps_in_every_panel(drawn: Any) -> None:
    said = legends(drawn(score(*NAMES)))
    assert len(said) == len(NAMES)
    assert all("mean of a window" in one for one in said)


@pytest.mark.parametrize(("way", "explained"), [(BY_GEOMETRY, True), (BY_LANDMARKS, False)])
def test_below_zero_is_explained_where_it_can_happen(drawn: Any, way: str, explained: bool) -> None:
    figure = drawn(score("mouth/aperture", way=way))
    assert ("5th percentile" in figure.axes[0].get_ylabel()) == explained
