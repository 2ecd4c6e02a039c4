"""One server of a sweep: kept busy, left alone when it is gone, taken back when it returns."""

import statistics
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from sweeps.expected import is_expected
from sweeps.lane import Lane, Sent
from sweeps.plan import PlannedCell

if TYPE_CHECKING:
    from runner.outcome import Outcome
    from runner.pool import Member
    from runner.progress import Progress as Seen
    from runner.server import Server
    from sweeps.engine import Engine


_LOOK_S: Final = 0.2


class Site:
    """Renders on one server, in a thread of its own; what is common to all servers it asks of the ``engine``.

    ``group`` is the environment it renders in, ``loader`` the model that it holds. ``here`` is False while it is out of
    the pool, and ``why`` says why. ``rests`` says why it begins no further cell of the plan. ``done`` counts
    its renders, ``seen`` is the last moment of the one that runs.
    """

    def __init__(self, engine: "Engine", member: "Member") -> None:
        self._engine, self.member, self.group = engine, member, 0
        self.loader, self.why, self.rests = "", member.why, ""
        self.here = self.sending = False
        self.lane: Lane | None = None
        self._paces: list[float] = []
        self.done = 0
        self.seen: Seen | None = None
        self._left = engine.claims.of(member.config.url or "")
        self._must_go = self._went = self._restart = False
        if member.open:
            self._prepare()
            self._join()

    def _prepare(self) -> None:
        from runner.recover import Mender

        engine = self._engine
        self.lane = Lane(self.server, engine.cancel, engine.retries)
        self._mender = Mender(self.server, engine.note, engine.cancel)

    def _join(self) -> bool:
        """Take part, if the server renders in an environment that the plan knows."""
        group = self._engine.group_of(self.member)
        self.here = group is not None
        self.why = "" if self.here else "it renders in another environment than this sweep"
        self.group = group or 0
        return self.here

    @property
    def server(self) -> "Server":
        """Its session."""
        return self.member.server

    @property
    def _lane(self) -> Lane:
        assert self.lane is not None  # noqa: S101  a site that is here is prepared
        return self.lane

    @property
    def busy(self) -> bool:
        """Whether a cell is on the server, or on its way there."""
        return self.sending or (self.lane is not None and bool(self.lane.cells))

    @property
    def queued_s(self) -> float:
        """Forecast of what was sent and is not followed yet."""
        return sum(one.seconds for one in self.lane.waits) if self.lane is not None else 0.0

    def fits(self, planned: PlannedCell) -> bool:
        """Whether the server has what the cell's graph names, and no other that can do it was given the cell."""
        if self._given_to_another(planned):
            return False
        return self._engine.fits(self.member, planned)

    @property
    def given(self) -> Collection[str]:
        """Names of the cells that an earlier command gave it."""
        return self._engine.claims.given(self.server.url)

    def _given_to_another(self, planned: PlannedCell) -> bool:
        engine = self._engine
        others = [one for one in engine.dispatch.sites if one is not self and one.here and not one.rests]
        return any(
            planned.name in one.given and engine.homes.may(planned, one.group) and engine.fits(one.member, planned)
            for one in others
        )

    def may(self, planned: PlannedCell) -> bool:
        """Whether the cell can be rendered here, and belongs to this environment."""
        return self._engine.homes.may(planned, self.group) and self.fits(planned)

    def free_in(self) -> float:
        """Seconds until it has done what it was given, as forecast and at its own pace."""
        if self.lane is None:
            return 0.0
        sent = self.lane.followed
        running = self.cost(sent.planned) if sent is not None else 0.0
        spent = time.monotonic() - self.lane.since
        return max(running - spent, 0.05 * running) + sum(map(self.cost, self.lane.waits))

    def cost(self, planned: PlannedCell) -> float:
        """Seconds that it would take for a cell: the forecast, at its own pace where that is known."""
        load = self._engine.plan.reload_s if planned.loader != self.loader else 0.0
        return (planned.seconds + load) * self._engine.dispatch.pace_of(self)

    @property
    def pace(self) -> float | None:
        """What its renders took against their forecasts; None before the first."""
        return statistics.median(self._paces) if self._paces else None

    @property
    def at_least(self) -> float:
        """What the render that runs has taken already, against its forecast."""
        sent = self.lane.followed if self.lane is not None else None
        if self.lane is None or sent is None or sent.planned.seconds <= 0:
            return 0.0
        return (time.monotonic() - self.lane.since) / (sent.planned.seconds + self._engine.plan.reload_s)

    def run(self) -> None:
        """Take cells and see them through until nothing is left."""
        engine = self._engine
        while not engine.dispatch.over(self):
            if not self.here:
                self._come_back()
                continue
            self._fill()
            sent = self._lane.next()
            if sent is not None:
                self._see_through(sent)
            elif self.here:
                engine.dispatch.pause()

    def _fill(self) -> None:
        """Keep the server busy: cells whose next attempt is due, then the next ones of the plan."""
        engine, lane = self._engine, self._lane
        while self.here and not lane.full:
            with engine.writing():
                try:
                    job = engine.dispatch.next(self)
                    if job is None:
                        if not lane.cells and engine.dispatch.steal(self):
                            continue
                        return
                    if job.again is not None and not lane.cells and (mended := self._mender.check()).stop:
                        engine.dispatch.put_off(job.again)
                        self._leave(mended.stop, away=mended.away)
                        return
                    self.loader = job.planned.loader
                    lane.send(job.planned, job.folder, job.counted)
                finally:
                    self.sending = False

    def _see_through(self, sent: Sent) -> None:
        engine, cell = self._engine, sent.submitted.cell
        engine.begun(self, sent)
        self.seen = None

        def look(seen: "Seen") -> None:
            self.seen = seen
            engine.view.progress(cell, seen)

        outcome = self._lane.follow(sent, look, self._fill)
        with engine.writing():
            self._ended(sent, outcome)
        self._lane.followed = None

    def _ended(self, sent: Sent, outcome: "Outcome") -> None:
        """Keep what came; or put the server in order, and try again, or record the failure."""
        from runner.live import ending

        engine, name, journal = self._engine, sent.planned.name, sent.submitted.journal
        engine.spent(outcome)
        if outcome.done:
            self._mender.worked()
            self.done += 1
            self._learn(sent.planned, outcome)
            engine.keep(sent, outcome)
            if why := self._mender.mend(outcome).stop:
                self._leave(why)
            return
        if outcome.status == "out_of_memory":
            self._lane.take_back(f"the server's memory is looked at first, as {name} ran out of it")
        prompt_id = journal.prompt_id if journal else None
        away = outcome.fault == "away" and engine.dispatch.several
        if away:
            mended_stop, excused = outcome.message, True
        else:
            mended = self._mender.mend(outcome, prompt_id, alone=not self._lane.ahead)
            mended_stop, excused = mended.stop or "", mended.excused
        why = self.server.trouble() or mended_stop or (outcome.message if outcome.stop else "")
        full = outcome.stop and outcome.fault == "disk"  # the disk here, to which every server's videos come
        elsewhere = bool(why) and engine.dispatch.several and not full
        halted = "interrupted" if engine.cancel.is_set() else "" if elsewhere else why
        final = halted or is_expected(sent.planned, outcome.status, engine.expected)
        again = None if final else self._lane.again(sent, outcome, excused=excused or elsewhere)
        if again:
            if away and prompt_id is not None:
                self._left.append((prompt_id, name))
            engine.note(f"{name}: {ending(outcome)}; {again}")
        else:
            engine.fail(sent, outcome)
        if halted and (full or not why):
            engine.dispatch.stop(halted)
        elif why:
            self._leave(why, away=outcome.fault == "away", mended=bool(mended_stop))

    def _learn(self, planned: PlannedCell, outcome: "Outcome") -> None:
        seconds, load = outcome.timings.total_s, self._engine.plan.reload_s if outcome.timings.cold else 0.0
        if seconds and planned.seconds + load > 0:
            self._paces.append(seconds / (planned.seconds + load))

    def _leave(self, why: str, *, away: bool = False, mended: bool = True) -> None:
        """Nothing more is sent to this server: its cells go to the others, or, without any, the sweep stops."""
        engine = self._engine
        if not engine.dispatch.several:
            engine.dispatch.stop(why)
            if mended:
                self._lane.let_go(why, away=away)
            return
        self.here, self.why, self._must_go, self._went = False, why, not away, False
        self._restart = away and bool(self.member.config.restart_command)
        self.loader = ""
        self._left += self._lane.hand_over(why, away=away)
        engine.note(f"{self.member.name} is left out: {why}")

    def _come_back(self) -> None:
        """Ask after a while whether the server is back, and as it was."""
        from runner.outcome import Outcome
        from runner.transport import ServerError

        if self._restart:
            self._restart = False
            self._mender.mend(Outcome("lost", fault="away"))
        if self._over_within(self.member.config.rejoin_s):
            return
        try:
            self.member.back()
        except ServerError as error:
            self._went, self.why = True, error.message
            return
        if self._must_go and not self._went:
            return
        self._prepare()
        self._drop_left()
        if self._join():
            self._engine.note(f"{self.member.name} is back")

    def _over_within(self, seconds: float) -> bool:
        """Wait; True as soon as nothing is left to come back for."""
        deadline = time.monotonic() + seconds
        while not (over := self._engine.dispatch.over(self)) and time.monotonic() < deadline:
            time.sleep(_LOOK_S)
        return over

    def _drop_left(self) -> None:
        """Take off the server what it still has of ours and another renders, or has rendered."""
        from runner.transport import ServerError

        for prompt_id, name in self._left:
            if not self._engine.dispatch.waits(name):
                try:
                    self.server.client.cancel(prompt_id)
                except ServerError:
                    return
        self._left.clear()
