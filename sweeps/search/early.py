"""Stopping a setting early that is worse than the best so far: paired by clip, only where the interval says so."""

from sweeps.aggregate import difference
from sweeps.results import SettingResult
from sweeps.search.aims import Objective


def worse(setting: SettingResult, best: SettingResult, objective: Objective, clips: int) -> str:
    """Why the rest of ``setting`` need not be rendered; empty where it may still be as good as ``best``.

    From ``clips`` clips that both have (two at least), when the whole 95 % interval of the paired difference (Student's
    t below 30 clips) lies on the worse side.
    """
    found = difference(setting, best, objective.metric).interval
    if found is None or found.n < max(2, clips) or found.low is None or found.high is None:
        return ""
    surely = found.high < 0 if objective.maximise else found.low > 0
    if not surely:
        return ""
    said = f"{found.mean:+.3g} ({found.low:+.3g} … {found.high:+.3g}) over {found.n} clips"
    return f"stopped early: {objective.metric} is worse than {best.name}'s by {said}"
