"""On a real stand-in with a judge that knows the truth: what is surely worse is not rendered to its end."""

from collections.abc import Callable

import optuna
import pytest
from optuna.trial import TrialState

from sweeps.app import App
from sweeps.scoring import Scorer

JUDGE = """
import re

def judge(task):
    '''Cheeks are off by the audio scale, and by a little of the clip.'''
    scale = float((re.search(r"audio_scale=([0-9.]+)", task.key) or [0, "1.5"])[1])
    little = len(task.key.split("/")[1]) / 1000
    value = {"value": scale + little, "missing": None, "flags": []}
    values = {"colour/cheeks_mean": value}
    return {"status": "ok", "values": values, "curves": {}, "seams": [], "fps": 25.0, "frames": 90}
"""


@pytest.fixture(scope="module")
def judge(scorer_from: Callable[[str, str], Scorer]) -> Scorer:
    return scorer_from("judge", JUDGE)


def test_what_is_surely_worse_is_stopped_and_what_is_better_is_not(make_app: Callable[..., App], judge: Scorer) -> None:
    app = make_app(
        "search=tpe",
        "search.space.audio_scale=[0.5,1.5,2.5]",
        "search.objectives=[colour/cheeks_mean]",
        "search.trials=3",
        "search.batch=1",
        "search.stop_early=2",
        "clips.names=null",
        "server.pace_s=1.0",  # a score takes less, also on a busy machine
        "sweep.name=early",
        scorer=judge,
    )
    assert app.run() == 0
    study = optuna.load_study(storage=f"sqlite:///{app.outputs}/optuna.db", study_name="early-stand-in")
    trials = {one.params["audio_scale"]: one for one in study.trials if "copy_of" not in one.user_attrs}
    assert set(trials) == {0.5, 1.5, 2.5}
    records = [path.read_text("utf-8") for path in app.outputs.glob("store/*/*/render.json")]
    cells = {scale: sum(f"#{one.number} " in record for record in records) for scale, one in trials.items()}
    assert trials[0.5].state == trials[1.5].state == TrialState.COMPLETE
    assert cells[0.5] == 6
    assert trials[2.5].state == TrialState.PRUNED
    assert 2 <= cells[2.5] < 6, "two more were on the server when it was decided"
    assert "stopped early: colour/cheeks_mean is worse than" in trials[2.5].user_attrs["why"]
    assert trials[2.5].intermediate_values
    assert study.best_params == {"audio_scale": 0.5}
