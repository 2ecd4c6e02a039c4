"""Writing one run: its files in one go, its numbers and words in batches."""

import json
import math
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.harness import in_words
from sweeps.account import account_line, account_metrics, of_sweep
from sweeps.results import SettingResult, SweepResult
from sweeps.tracking_content import PLACE, counts, metrics, note, overall, parameters
from sweeps.tracking_files import TABLE, Draw, setting_files, sweep_files
from sweeps.tracking_runs import owner_tags

_BATCH = 100  # MLflow takes 100 parameters, 100 tags and 1,000 metrics at a time, and 1,000 of all together
_METRICS = 800
_TAG_LENGTH = 5000


def common_tags(sweep: SweepResult) -> dict[str, str]:
    """Tags of every run of a sweep: what made it, and which process owns it."""
    about = {"rehearsal": sweep.rehearsal} if sweep.rehearsal else {}
    about |= {"harness": in_words(sweep.stamp["harness"])} if sweep.stamp.get("harness") else {}
    about |= {name: str(sweep.stamp[name]) for name in ("release", "comfyui") if sweep.stamp.get(name)}
    return {"stand_in": "true" if sweep.stand_in else "false", **about, **owner_tags()}


def write(
    client: Any,
    run: str,
    *,
    metrics: Mapping[str, float] | None = None,
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Log any number of values to ``run`` in as few transactions as MLflow's limits allow."""
    from mlflow.entities import Metric, Param, RunTag

    now = int(time.time() * 1000)  # of one metric MLflow shows the value with the latest time
    numbers = [Metric(key, value, now, 0) for key, value in (metrics or {}).items()]
    short = [Param(key, value) for key, value in (params or {}).items()]
    said = [RunTag(key, value[:_TAG_LENGTH]) for key, value in (tags or {}).items()]
    while numbers or short or said:
        client.log_batch(run, numbers[:_METRICS], short[:_BATCH], said[:_BATCH])
        del numbers[:_METRICS], short[:_BATCH], said[:_BATCH]


def write_setting(client: Any, run: str, sweep: SweepResult, setting: SettingResult, draw: Draw) -> list[str]:
    """Write all of a setting to its run, over what was there; the pictures that could not be drawn, in words."""
    with tempfile.TemporaryDirectory(prefix="sweep-mlflow-") as folder:
        troubles = setting_files(sweep, setting, Path(folder), draw)
        client.log_artifacts(run, folder)
    there = client.get_run(run).data
    wanted, cut = parameters(setting)
    values = metrics(setting)
    tags = {
        "state": overall(setting),
        PLACE: f"{[one.name for one in sweep.settings].index(setting.name):04}",
        "cells": f"{setting.count('done')} of {len(setting.cells)}",
        "mlflow.note.content": note(sweep, setting),
        "mlflow.loggedArtifacts": json.dumps([{"path": TABLE, "type": "table"}]),
        "truncated": ", ".join(cut),
        "changed_parameters": ", ".join(key for key, value in wanted.items() if there.params.get(key, value) != value),
        "not_drawn": "; ".join(troubles),
        **common_tags(sweep),
    }
    write(
        client,
        run,
        # MLflow keeps a metric for ever: one that is missing now must not show the value it had
        metrics={**values, **{key: math.nan for key in there.metrics if key not in values}},
        params={key: value for key, value in wanted.items() if key not in there.params},
        tags={key: value for key, value in tags.items() if value or there.tags.get(key)},
    )
    return troubles


def write_sweep(client: Any, run: str, sweep: SweepResult, ways: str = "") -> None:
    """Write the sweep's tables and counts to the parent run; ``ways`` ends its description."""
    with tempfile.TemporaryDirectory(prefix="sweep-mlflow-") as folder:
        sweep_files(sweep, Path(folder))
        client.log_artifacts(run, folder)
    ended = sum(cell.state != "pending" for cell in sweep.cells)
    found = of_sweep(sweep)
    write(
        client,
        run,
        metrics={**counts(sweep.settings), **account_metrics(found)},
        tags={
            "cells": f"{ended} of {len(sweep.cells)}",
            "mlflow.note.content": "\n\n".join(filter(None, (note(sweep), ways))),
            "forecast": account_line(found, stand_in=sweep.stand_in) if found else "",
            **owner_tags(),
        },
    )
