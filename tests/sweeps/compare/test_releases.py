"""The releases that stand beside a candidate: the baseline always, the newest of many others, no foreign run."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mlflow.entities import Metric

from sweeps.compare.compare import compare
from sweeps.compare.releases import MOST, releases
from sweeps.compare.rule import Margin
from sweeps.compare.sides import Side
from sweeps.compose import configured
from sweeps.tracking import experiment_name
from sweeps.tracking_client import open_client

COLOUR = "colour/cheeks_mean"


def test_the_baseline_stays_however_many_releases_there_were(
    make_side: Callable[..., Side], tmp_path: Path, tables: Callable[[Path], None]
) -> None:
    tables(tmp_path)
    tracking = configured().tracking
    base = make_side("a", {COLOUR: {"x": [1.0], "y": [2.0]}}, stamp={"release": "first", "verified": True})
    other = make_side("b", {COLOUR: {"x": [3.0], "y": [4.0]}}, stamp={"release": "last", "verified": True})
    other = Side(replace(other.sweep, plan_hash="own"), other.setting, "s")
    client = open_client(tracking, tmp_path)
    experiment = client.create_experiment(experiment_name(other.sweep))
    begun = datetime(2026, 2, 1, tzinfo=UTC)
    for at in range(MOST + 6):
        when = round((begun + timedelta(days=at)).timestamp() * 1000)
        plan = "own" if at == MOST + 5 else f"plan {at}"  # the newest is the candidate's
        sweep = client.create_run(experiment, when, {"role": "sweep", "plan_hash": plan}).info.run_id
        tags = {"role": "setting", "mlflow.parentRunId": sweep, "release": f"r{at}"}
        run = client.create_run(experiment, when, tags).info.run_id
        client.log_batch(run, [Metric(COLOUR, float(at), 0, 0)])
        client.set_terminated(run)
    client.set_terminated(client.create_run(experiment, None, {"role": "setting"}).info.run_id)

    found = releases(compare(base, other, {COLOUR: Margin(1.0, "lower")}, [COLOUR]), [COLOUR], tmp_path, tracking)
    names = [one.label.splitlines()[0] for one in found]
    assert names == ["first", *(f"r{at}" for at in range(7, MOST + 5)), "last"] and len(names) == MOST
    assert [found[at].figures[COLOUR][0] for at in (0, 1, -1)] == [1.5, 7.0, 3.5]
