"""What is held against what: a side is one setting with its cells, found by the words of whoever asks."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeps.aggregate import value_of
from sweeps.kept import NAME as KEPT
from sweeps.kept import NothingKept, read_kept, read_portable
from sweeps.naming import MARKS, sweep_folder, sweeps_with
from sweeps.results import SettingResult, SweepResult
from workflow.errors import HarnessError

if TYPE_CHECKING:
    from sweeps.config import TrackingConfig

BASELINE = "baseline"
RUN_ID = re.compile(r"[0-9a-f]{32}")
"""How MLflow names runs."""
_QUERY = re.compile(r"^\s*(tags|params|metrics|attributes)\b")


class NoSide(HarnessError):
    """What was named cannot be found, or is more than one."""

    code = "compare-side"


@dataclass(frozen=True)
class Side:
    """One setting of one sweep, as it is compared; ``where`` says where it was found."""

    sweep: SweepResult
    setting: SettingResult
    where: str

    @property
    def name(self) -> str:
        """``setting (where)``."""
        return f"{self.setting.name} ({self.where})"

    @property
    def places(self) -> tuple[str, ...]:
        """The kinds of server that made its videos: card, version, label."""
        return tuple(dict.fromkeys(one.place for one in self.setting.cells if one.place))

    @property
    def cards(self) -> tuple[str, ...]:
        """The cards that rendered it."""
        return tuple(dict.fromkeys(one.card for one in self.setting.cells if one.card))

    def has(self, metric: str) -> bool:
        """Whether any of its cells has a value of ``metric``."""
        return any(value_of(cell, metric)[0] is not None for cell in self.setting.cells)

    @property
    def verified(self) -> bool:
        """Whether nothing that can change its videos is unknown of its environment."""
        return bool(self.sweep.stamp.get("verified"))

    @property
    def adopted(self) -> bool:
        """Whether its videos were made before this tool: nothing is known of them but what they say themselves."""
        return bool(self.sweep.stamp.get("adopted"))


def find_side(words: str, outputs: Path, tracking: "TrackingConfig") -> Side:
    """The side that ``words`` name.

    ``SWEEP:SETTING``, a setting, a sweep of one setting, a run's id, an MLflow query, or ``baseline``.
    Raises NoSide, NothingKept, TrackingError.
    """
    if words == BASELINE:
        from sweeps.compare.baseline import registered

        return registered(outputs, tracking)
    if RUN_ID.fullmatch(words):
        from sweeps.compare.runs import side_of_run

        return side_of_run(words, outputs, tracking)
    if _QUERY.match(words):
        from sweeps.compare.runs import side_of_query

        return side_of_query(words, outputs, tracking)
    return _kept(words, outputs)


def _kept(words: str, outputs: Path) -> Side:
    """A side of the results beside the store; newest first."""
    folders = sweeps_with(outputs, KEPT)
    if not folders:
        raise NoSide(f"no finished sweep in {outputs}", hint="run one first; or name the folder: --outputs DIR")
    sweep, _, setting = words.partition(":")
    for mark in MARKS:
        path = sweep_folder(outputs, sweep, mark) / KEPT
        if path.is_file():
            result = read_kept(path, outputs)[0]
            return _side(result, the_setting(result.settings, setting, result.sweep_id, result.baseline))
    seen = dict[str, None]()
    for folder in folders:
        with suppress(NothingKept):  # another one may be meant
            result = read_kept(folder / KEPT, outputs)[0]
            if (one := result.setting(words)) is not None:
                return _side(result, one)
            seen.update(dict.fromkeys(one.name for one in result.settings))
    known = f"sweeps: {', '.join(one.name for one in folders)}; settings: {', '.join(list(seen)[:12])}"
    raise NoSide(f"nothing is called {words!r} in {outputs}", hint=known)


def _side(result: SweepResult, setting: SettingResult) -> Side:
    return Side(result, setting, f"{result.sweep_id}{f', {result.mark}' if result.mark else ''}")


def the_setting(settings: Sequence[SettingResult], wanted: str, sweep: str, baseline: str | None) -> SettingResult:
    """The setting that is meant; of a sweep with several one has to be named. Raises NoSide."""
    by_name: Mapping[str, SettingResult] = {one.name: one for one in settings}
    if wanted:
        if wanted in by_name:
            return by_name[wanted]
        raise NoSide(f"{sweep} has no setting {wanted!r}", hint=f"it has {', '.join(by_name)}")
    if len(by_name) == 1:
        return next(iter(by_name.values()))
    example = baseline or next(iter(by_name), "SETTING")
    raise NoSide(
        f"{sweep} has {len(by_name)} settings", hint=f"say which, as {sweep}:{example}; it has {', '.join(by_name)}"
    )


def side_of_evidence(told: Any, where: str) -> Side:
    """A side out of a run's evidence. Raises NothingKept."""
    result = read_portable(told)
    return Side(result, result.settings[0], where)
