"""``compare.against``: at its end a sweep is held against what was good before, and a regression is exit code 4."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sweeps.compare.checks import other_card
from sweeps.compare.command import COST, decided, rules, write_all
from sweeps.compare.compare import Comparison
from sweeps.compare.releases import draw
from sweeps.compare.rule import Margin
from sweeps.compare.sides import NoSide, Side, find_side
from sweeps.compare.told import HEAD, cells, conclusion, note, shown, under
from sweeps.plan import Plan
from sweeps.results import SweepResult

if TYPE_CHECKING:
    from sweeps.config import Config

FILES: Final = ("compare.json", "compare.md", "compare.xml", "releases.png")


@dataclass(frozen=True)
class Gate:
    """What a sweep is held against, and by which rules."""

    against: Side
    margins: dict[str, Margin]
    primaries: tuple[str, ...]
    config: "Config"

    @classmethod
    def of(cls, config: "Config", outputs: Path) -> "Gate | None":
        """The gate that the config asks for; found before anything is rendered.

        Raises NoSide where there is nothing to hold against, CompareWords for rules that make no sense.
        """
        if config.compare.against is None:
            return None
        margins, primaries = rules(config.compare, None, [])
        against = find_side(config.compare.against, outputs, config.tracking)
        return cls(against, margins, tuple(primaries), config)

    def check(self, plan: Plan) -> None:
        """Raises NoSide for a plan that cannot be held against it: several settings, another kind, fewer clips."""
        names = list(dict.fromkeys(one.setting for one in plan.cells))
        if len(names) != 1:
            raise NoSide(
                f"compare.against={self.config.compare.against} needs one setting, the plan has {len(names)}",
                hint="leave out sweep.axes; python -m sweeps compare compares any two settings of a sweep",
            )
        wanted, planned = self.against.setting.clips, {one.clip.name for one in plan.cells}
        left = [clip for clip in wanted if clip not in planned]
        if left:
            share = f"{len(left)} of the {len(wanted)} clips of {self.against.name}"
            raise NoSide(
                f"{share} are not in the plan: {', '.join(left[:5])}",
                hint="a gate that looks at fewer clips passes more easily: leave out limit and clips.names, or register"
                " a baseline with these clips",
            )
        if self.against.sweep.mark != plan.mark:
            kinds = (self.against.sweep.mark or "a model", plan.mark or "a model")
            raise NoSide(
                f"{self.against.name} was rendered by {kinds[0]}, this would be by {kinds[1]}",
                hint="register a baseline of the same kind: python -m sweeps baseline set RUN",
            )

    def judge(self, result: SweepResult) -> Comparison:
        """The sweep's setting against the baseline; an environment that is not known whole makes it invalid."""
        candidate = Side(result, result.settings[0], "this sweep")
        found = decided(self.against, candidate, self.config.compare, self.margins, self.primaries)
        unknown = [side.name for side in (self.against, candidate) if not side.verified]
        elsewhere = other_card(self.against, candidate)
        if elsewhere and any(name.startswith(COST) for name in self.primaries):
            found = replace(found, invalid=(*found.invalid, elsewhere))
        if unknown:
            why = f"the environment of {' and '.join(unknown)} is unverified (server.release=LABEL names it)"
            found = replace(found, invalid=(*found.invalid, why))
        return found

    def write(self, found: Comparison, folder: Path, outputs: Path) -> list[Path]:
        """Write it for people and machines; the files. Raises OSError."""
        json, text, cases, picture = (folder / name for name in FILES)
        write_all(found, json, text, cases)
        drawn = draw(found, picture, outputs, self.config.tracking)
        return [json, text, cases, *([picture] if drawn else [])]


def for_report(found: Comparison) -> dict[str, Any]:
    """The same for the page."""
    rows = [[*cells(row)] for row in shown(found)]
    told = {"sides": [found.candidate.name, found.baseline.name], "note": note(found), "conclusion": conclusion(found)}
    bad = bool(found.regressions or found.invalid)
    return {"gate": {**told, "head": list(HEAD), "rows": rows, "under": under(found), "bad": bad}}
