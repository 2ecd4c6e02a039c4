"""Answers a plan's questions from the graph and its rules, the server's schema and stamp, the store and its past."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from sweeps import history, needs
from sweeps.config import Config
from sweeps.expected import is_expected
from sweeps.forecast import MODEL_SERVER, STAND_IN, CostModel, Past, learn
from sweeps.known import Known
from sweeps.outlook import Outlook, outlook
from sweeps.plan import Checked, Checks, Plan, PlannedCell, make_plan, require_possible
from sweeps.prepare import MOST_PIXELS
from sweeps.ranges import AxisError
from sweeps.settings import Compose, Setting, baseline_of, expand
from sweeps.store import Entry, Store
from workflow.binding import Binding, bind
from workflow.build import ClipFiles, build_cell, clip_files
from workflow.cell import Cell, Clip
from workflow.cost import Shape, shape_of
from workflow.effective import collapse_key
from workflow.graph import Graph, default_graph, load_graph
from workflow.models import canonical, is_model_file
from workflow.rules import Finding, check, check_axes
from workflow.schema import NodeSchema, default_schema
from workflow.validate import validate_anywhere


@dataclass
class Planner:
    """Makes the plan of one command. ``clip_cache`` is where prepared pictures are kept; ``thorough`` compares the
    checksum of every stored video before it is reused. ``content`` gives the SHA-256 of a model file, None where it is
    not known; it defaults to what was last seen. ``said`` collects what the clips had to say. ``also`` are the
    schemas of further servers of the same environment: a cell is possible where one of them takes it. ``anew`` marks
    the renders of a sweep that reuses none of before."""

    config: Config
    compose: Compose
    known: Known
    store: Store
    name: str
    clip_cache: Path
    thorough: bool = False
    content: Callable[[str], str | None] | None = None
    said: dict[str, None] = field(default_factory=dict)
    also: tuple[Mapping[str, Any], ...] = ()
    anew: str = ""
    _graphs: dict[str | None, tuple[Graph, Binding]] = field(default_factory=dict)
    _clips: dict[str, list[Clip]] = field(default_factory=dict)
    _files: dict[Clip, ClipFiles] = field(default_factory=dict)
    _environments: dict[tuple[frozenset[str], str], str] = field(default_factory=dict)
    _models: dict[frozenset[str], dict[str, str | None]] = field(default_factory=dict)
    _forecasts: dict[Shape, dict[str, list[float]]] = field(default_factory=dict)

    def plan(self) -> Plan:
        """The plan, checked against what is known of the server.

        Raises:
            NothingPossible: no cell of it can be made.
        """
        plan = self.draft()
        require_possible(plan)
        return plan

    def draft(self) -> Plan:
        """As :meth:`plan`, also where no cell of it can be made."""
        self.graph(self.config.workflow.graph)  # a graph that cannot be read is said before anything else
        settings = expand(self.config, self.compose)
        return self.plan_of(settings, baseline_of(self.config, settings))

    def plan_of(
        self, settings: Sequence[Setting], baseline: str, clips: Callable[[Setting], Sequence[Clip]] | None = None
    ) -> Plan:
        """A plan of these settings, over their own clips or those given."""
        return make_plan(
            self.name,
            settings,
            baseline,
            clips or self.clips,
            self.config.sweep.seeds,
            Checks(self.build, self.check, self.same, self.environment, self.stored, self.seconds, self.facts),
            reload_s=self.model.load.mid,
            stand_in=self.known.stand_in,
            rehearsal=self.known.rehearsal,
            anew=self.anew,
            limit=self.config.limit,
        )

    def clips(self, setting: Setting) -> Sequence[Clip]:
        """The clips of a setting at the size it asks for."""
        from sweeps.clips import load_clips

        config = setting.config.clips
        size = (setting.values.get("width") or config.width, setting.values.get("height") or config.height)
        for name, pixels in zip(("width", "height"), size, strict=True):
            if not 16 <= pixels <= MOST_PIXELS:
                raise AxisError(f"sweep.axes.{name} has {pixels}", hint=f"pixels, from 16 to {MOST_PIXELS}")
        key = repr((config, size))
        if key not in self._clips:
            self._clips[key] = load_clips(
                config.kind,
                cache_dir=self.clip_cache,
                dir=Path(config.dir) if config.dir is not None else None,
                pair=config.pair,
                width=size[0],
                height=size[1],
                names=config.names,
                entries=config.entries,
                say=lambda line: self.said.update({line: None}),
            )
        return self._clips[key]

    def graph(self, path: str | None) -> tuple[Graph, Binding]:
        """A graph and where its parameters are; the shipped one for None."""
        if path not in self._graphs:
            graph = default_graph() if path is None else load_graph(Path(path).expanduser())
            self._graphs[path] = (graph, bind(graph))
        return self._graphs[path]

    @property
    def classes(self) -> frozenset[str]:
        """Node classes of every graph seen so far."""
        return frozenset(node["class_type"] for graph, _ in self._graphs.values() for node in graph.values())

    def build(self, setting: Setting, clip: Clip, seed: int) -> Cell:
        """One cell with its exact graph and its recipe."""
        graph, binding = self.graph(setting.config.workflow.graph)
        if "positive_prompt" in setting.axis:
            clip = replace(clip, prompt=None)  # an axis comes before what a clip says of itself
        return build_cell(
            binding,
            graph,
            setting=setting.name,
            values=setting.values,
            inputs=setting.inputs,
            clip=clip,
            seed=seed,
            files=self.files(clip),
        )

    def files(self, clip: Clip) -> ClipFiles:
        """A clip's files with their checksums, read once a command."""
        if clip not in self._files:
            self._files[clip] = clip_files(clip)
        return self._files[clip]

    @cached_property
    def schemas(self) -> list[NodeSchema]:
        """The live schemas, those last seen, or the shipped snapshot."""
        seen = [one for one in (self.known.schema, *self.also) if one]
        return [NodeSchema.from_object_info(one) for one in seen] or [default_schema()]

    def check(self, setting: Setting, cell: Cell) -> Checked:
        """What makes the cell impossible (values the server does not take, what the rules refuse), and what is worth
        saying before it runs; packages that a stand-in does not need are left out."""
        problems, warnings = list[str](), list[str]()
        for problem in validate_anywhere(cell.graph, self.schemas):
            (problems if problem.level == "refused" else warnings).append(str(problem))
        for finding in self._findings(setting, cell):
            inert = finding.level == "inert" and finding.parameter in setting.axis
            needs = finding.level == "needs" and not self.known.stand_in
            if finding.level == "refused":
                problems.append(finding.message)
            elif finding.level == "warned" or inert or needs:
                warnings.append(finding.message)
        return Checked(tuple(problems), tuple(warnings))

    def _findings(self, setting: Setting, cell: Cell) -> list[Finding]:
        _, binding = self.graph(setting.config.workflow.graph)
        swept = [name.removeprefix("inputs.") for name in setting.axis if name.startswith("inputs.")]
        return [*check(binding, cell.graph, clip=cell.clip, windows=cell.windows), *check_axes(cell.graph, swept)]

    def same(self, cell: Cell) -> str:
        """Equal for cells whose videos cannot differ."""
        return collapse_key(cell.graph, {file.name: file.sha256 for file in cell.files}, cell.seed, cell.windows)

    def environment(self, cell: Cell) -> str | None:
        """The environment hash the cell would be made in; None before any server was seen.

        Where something is unknown the sweep's name is part of it: its renders are reused within the sweep only.
        """
        from runner.stamp import environment_hash

        if self.known.stamp is None:
            return None
        models = self.models(cell)
        key = (frozenset(models), str(cell.values.get("attention_mode", "")))
        if key not in self._environments:
            known = environment_hash(self.known.stamp, models, key[1], models)
            # what is not known whole is shared by no two sweeps
            its = " ".join(part for part in (self.name if self.unknown or self.anew else "", self.anew) if part)
            own = sha256(f"{known} {its}".encode()).hexdigest() if its else known
            self._environments[key] = own
        return self._environments[key]

    def models(self, cell: Cell) -> dict[str, str | None]:
        """The model files of a cell's graph and their SHA-256, None where that is not known."""
        names = frozenset(
            canonical(value)
            for node in cell.graph.values()
            for value in node["inputs"].values()
            if is_model_file(value)
        )
        if names not in self._models:
            content = self.content or self.known.models.get
            self._models[names] = {name: content(name) for name in sorted(names)}
        return self._models[names]

    @property
    def contents(self) -> dict[str, str | None]:
        """Every model file that was asked for, and its SHA-256."""
        return {name: content for models in self._models.values() for name, content in models.items()}

    def facts(self, cell: Cell) -> dict[str, Any]:
        """What a cell's record says of its environment beyond the server's stamp, and of its forecast."""
        shape = shape_of(cell)
        if shape not in self._forecasts:
            told = {"seconds": self.model.span(shape), "load_s": self.model.load}
            told |= {kind: need(shape) for kind, need in self.needs.items()}
            self._forecasts[shape] = {kind: [round(part, 1) for part in span] for kind, span in told.items()}
        attention, models = cell.values.get("attention_mode"), self.models(cell)
        facts = {"attention": attention, "models": models, "forecast": self._forecasts[shape]}
        return facts | ({"stamp": self._stamp} if self._stamp else {})

    @cached_property
    def _stamp(self) -> dict[str, Any]:
        return self.known.stamp.to_json() if self.known.stamp is not None else {}

    @property
    def unknown(self) -> tuple[str, ...]:
        """What can change a video and is not known: of the server, and of files that a graph reads by itself."""
        stamp = self.known.stamp
        foreign = [text for _, binding in self._graphs.values() for text in binding.foreign]
        return (*(stamp.unknown if stamp is not None else ()), *(f"content of {text}" for text in foreign))

    def stored(self, cell: Cell, environment: str) -> str | None:
        """The environment of a stored render that may stand for the cell; None when it must be rendered."""
        entry = self.store.find(cell.recipe, environment, thorough=self.thorough)
        if entry is not None:
            return environment
        if self.config.sweep.reuse == "graph":
            return next((one.environment for one in self.store.renders(cell.recipe) if self._alike(one)), None)
        failure = self.store.failure(cell.recipe, environment)
        one = PlannedCell(cell.setting, cell.clip, cell.seed, "reuse", cell)
        if failure and is_expected(one, str(failure.get("status")), self.config.sweep.expected_failures):
            return environment
        return None

    def _alike(self, entry: Entry) -> bool:
        """Whether a render of another environment came from the same kind of thing: a model, a rehearsal, a puppet."""
        made = entry.record.get("stamp") or {}
        stand_in = made.get("kind") == "stand-in"
        return stand_in == self.known.stand_in and made.get("rehearsal", "") == self.known.rehearsal

    @property
    def machine(self) -> str:
        """What renders: forecasts learn from the same kind only. A full rehearsal costs what the model costs."""
        stamp = self.known.stamp
        if self.known.stand_in:
            return "stand-in"
        tiny = " (tiny rehearsal)" if self.known.rehearsal.startswith("tiny") else ""
        return stamp.gpu + tiny if stamp else ""

    @property
    def history_path(self) -> Path:
        """Where the durations of past renders stand."""
        return self.store.root / "history.jsonl"

    @cached_property
    def past(self) -> list[Past]:
        """What this machine's renders took."""
        return list(history.read(self.history_path, self.machine))

    @cached_property
    def model(self) -> CostModel:
        """The cost model of the server, corrected by the store's history."""
        return learn(STAND_IN if self.known.stand_in else MODEL_SERVER, self.past)

    @cached_property
    def needs(self) -> dict[str, needs.Needs]:
        """Forecasts of memory and disk, corrected likewise; of memory where the guesses, of the model's size, hold."""
        found = {"vram": needs.vram_of(self.past), "ram": needs.ram_of(self.past), "disk": needs.disk_of(self.past)}
        tiny, stamp = self.known.rehearsal.startswith("tiny"), self.known.stamp
        none = {"vram"} if tiny or (stamp is not None and stamp.gpu == "cpu") else set[str]()
        none |= {"ram"} if tiny or self.known.stand_in else set()
        return {kind: need for kind, need in found.items() if kind not in none}

    def seconds(self, cell: Cell) -> float:
        """Forecast of one render."""
        return self.model.seconds(shape_of(cell))

    def outlook(self, plan: Plan) -> Outlook:
        """The forecast of ``plan`` as a whole."""
        stamp = self.known.stamp
        has = {"vram": stamp.vram_total, "ram": stamp.ram_total} if stamp is not None else {}
        return outlook(plan, self.model, self.needs, machine=self.machine, has=has)
