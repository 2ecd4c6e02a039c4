"""MLflow as a view on a sweep: one parent run a sweep, one child run a setting, rebuilt from results alone."""

import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from sweeps.results import SettingResult, SweepResult
from sweeps.tracking_client import TrackingError, experiment_id, open_client, tracking_uri, translated
from sweeps.tracking_content import digest, note, run_status
from sweeps.tracking_files import Draw
from sweeps.tracking_links import VIEW, links, view
from sweeps.tracking_runs import find_children, find_parent, owner_tags, reap_dead
from sweeps.tracking_write import common_tags, write, write_setting, write_sweep

if TYPE_CHECKING:
    from sweeps.config import TrackingConfig

Status = Literal["FINISHED", "FAILED", "KILLED"]


def experiment_name(sweep: SweepResult) -> str:
    """The MLflow experiment of a sweep; stand-in and rehearsal have their own, so that they never mix with models."""
    return f"{sweep.experiment} ({sweep.mark})" if sweep.mark else sweep.experiment


class Tracker:
    """Writes one sweep to MLflow; a context manager that always leaves its runs ended.

    Call ``start`` once, ``log_setting`` whenever cells of a setting ended, ``finish`` at the end. Leaving the block
    by an exception ends the runs as KILLED (interrupt) or FAILED. Every call may come from another thread, one at a
    time. MLflow itself (1.5 s) is imported by ``start``. All calls raise TrackingError where MLflow refuses.
    """

    def __init__(self, config: "TrackingConfig", outputs: Path) -> None:
        self.uri = tracking_uri(config, outputs)
        """Where the runs are kept, as ``mlflow ui --backend-store-uri`` takes it."""
        self.reaped: list[str] = []
        """Runs of dead processes that ``start`` ended."""
        self.troubles: list[str] = []
        """Pictures that could not be drawn, in words."""
        self.more: Sequence[Path] = ()
        """Further files for the sweep's own run, at its end."""
        self._config, self._outputs = config, outputs
        self._lock = threading.RLock()
        self._client: Any = None
        self._experiment = ""
        self._parent: str | None = None
        self._children: dict[str, str] = {}
        self._logged: dict[str, str] = {}
        self._previews: dict[str, str | None] = {}
        self._open: set[str] = set()

    @property
    def run_id(self) -> str | None:
        """The parent run, None before ``start``."""
        return self._parent

    def start(self, sweep: SweepResult) -> None:
        """Open the store, end the runs of dead owners, and begin the sweep's run or continue the one of its plan."""
        with self._lock:
            self._client = open_client(self._config, self._outputs)
            with translated("read and end runs"):
                self.reaped = reap_dead(self._client)
            self._experiment = experiment_id(self._client, self._config, self._outputs, experiment_name(sweep))
            with translated("begin a run"):
                self._begin(sweep)

    def _begin(self, sweep: SweepResult) -> None:
        tags = {
            "role": "sweep",
            "sweep_id": sweep.sweep_id,
            "plan_hash": sweep.plan_hash,
            "baseline": sweep.baseline or "",
            **common_tags(sweep),
            "mlflow.note.content": note(sweep),
        }
        found = find_parent(self._client, self._experiment, sweep.sweep_id, sweep.plan_hash)
        if found is None:
            began = int(sweep.started.timestamp() * 1000)
            run = self._client.create_run(self._experiment, began, tags, run_name=sweep.sweep_id)
            self._parent = str(run.info.run_id)
        else:
            self._parent = str(found.info.run_id)
            self._reopen(found, tags)
        self._open.add(self._parent)
        for name, run in find_children(self._client, self._experiment, self._parent).items():
            self._children[name] = str(run.info.run_id)
            self._logged[name] = run.data.tags.get("content", "")

    def _reopen(self, run: Any, tags: dict[str, str]) -> None:
        self._client.update_run(run.info.run_id, "RUNNING")
        write(self._client, run.info.run_id, tags=tags)
        if "ended" in run.data.tags:  # what was said of an end that is one no more
            self._client.delete_tag(run.info.run_id, "ended")

    def log_setting(
        self, sweep: SweepResult, setting: SettingResult, *, pictures: bool | None = None, force: bool = False
    ) -> bool:
        """Write one setting's run anew; False when MLflow already holds exactly this.

        ``pictures`` are drawn when nothing of the setting is pending, unless told otherwise. The run ends when the
        setting is finished. ``force`` writes even what is already there (artifacts may have been deleted).
        """
        drawn = setting.finished if pictures is None else pictures
        content = digest(sweep, setting)
        drawn_content = f"{content}+pictures"
        with self._lock:
            self._started()
            there = {drawn_content} if drawn else {content, drawn_content}
            written = setting.finished or self._children.get(setting.name) in self._open
            if not force and written and self._logged.get(setting.name) in there:
                return False
            content = drawn_content if drawn else content
            with translated(f"write the setting {setting.name!r}"):
                run = self._child(sweep, setting)
                shown = setting.first_with_video()
                recipe = shown.recipe if shown else None
                draw = Draw(sheet=drawn, preview=drawn and (force or self._previews.get(setting.name) != recipe))
                troubles = write_setting(self._client, run, sweep, setting, draw)
                if drawn:
                    self._previews[setting.name] = recipe
                if setting.finished:
                    self._end(run, run_status(setting))
                # last, so that an interrupted write is not taken for a whole one
                self._client.set_tag(run, "content", content)
            self._logged[setting.name] = content
            self.troubles += troubles
            return True

    def _child(self, sweep: SweepResult, setting: SettingResult) -> str:
        run = self._children.get(setting.name)
        if run is not None:
            if run not in self._open:
                self._reopen(self._client.get_run(run), owner_tags())
        else:
            tags = {"role": "setting", "setting": setting.name, "mlflow.parentRunId": self._started()}
            made = self._client.create_run(
                self._experiment, tags={**tags, **common_tags(sweep)}, run_name=setting.name or "setting"
            )
            run = self._children[setting.name] = str(made.info.run_id)
        self._open.add(run)
        return run

    def finish(self, sweep: SweepResult) -> Status:
        """Write what is not yet written, the sweep's tables, and end every run; the parent's status.

        FAILED when a cell failed that nobody declared; what a budget or an hour left undone is FINISHED, and tagged.
        """
        status: Status = "FAILED" if sweep.failed else "FINISHED"
        for setting in sweep.settings:
            self.log_setting(sweep, setting, pictures=True)
        with self._lock, translated("finish the sweep"):
            parent = self._started()
            files = ["summary.md", *(path.name for path in self.more)]
            write_sweep(self._client, parent, sweep, links(sweep, self._experiment, parent, self._children, files))
            self._client.set_experiment_tag(self._experiment, f"{VIEW}{parent}", view(sweep, parent))
            for path in self.more:
                self._client.log_artifact(parent, str(path))
            for setting in sweep.settings:
                run = self._children[setting.name]
                if run in self._open:
                    self._end(run, run_status(setting))
            self._end(parent, status)
        return status

    def close(self, status: Status) -> None:
        """End what is still open as ``status``, quickly and without pictures; for interrupts and crashes."""
        with self._lock:
            if self._client is None:
                return
            with translated("end the runs"):
                for run in sorted(self._open, key=lambda one: one == self._parent):
                    self._end(run, status)

    def _end(self, run: str, status: str) -> None:
        self._client.set_terminated(run, status)
        self._open.discard(run)

    def _started(self) -> str:
        if self._parent is None:
            raise TrackingError("MLflow: the sweep's run has not begun", hint="call start first")
        return self._parent

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._open:
            polite = kind is not None and issubclass(kind, (KeyboardInterrupt, SystemExit))
            try:
                self.close("KILLED" if polite else "FAILED")
            except TrackingError as failure:  # what ends the sweep is said elsewhere; the runs end as a dead owner's
                self.troubles.append(failure.message)


def rebuild(config: "TrackingConfig", outputs: Path, sweep: SweepResult, more: Sequence[Path] = ()) -> Tracker:
    """Write a whole sweep to MLflow again, over what may be there, with ``more`` files; the ended tracker."""
    with Tracker(config, outputs) as tracker:
        tracker.more = more
        tracker.start(sweep)
        for setting in sweep.settings:
            tracker.log_setting(sweep, setting, pictures=True, force=True)
        tracker.finish(sweep)
    return tracker
