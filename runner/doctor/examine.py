"""Asking one server everything, and putting what it said together; nothing is rendered and nothing changed there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.client import ComfyClient
from runner.doctor.facts import Facts, read_facts
from runner.doctor.finding import Finding, Report
from runner.doctor.forecast import about_forecast, cost_of
from runner.doctor.graph import about_graph, good_news
from runner.doctor.nodes import about_classes, about_packs
from runner.doctor.packages import about_packages, read_packages
from runner.doctor.server import Need, about_queue, about_server, about_uploads
from runner.packs import Local, from_folder, from_manager, packs_of
from runner.rehearse.recognise import rehearsal_of
from runner.transport import ServerBadAnswer, ServerError, ServerTimedOut
from workflow.errors import HarnessError
from workflow.graph import Graph
from workflow.schema import NodeSchema

TOPICS = (
    "server",
    "card",
    "memory",
    "flags",
    "queue",
    "nodes",
    "packs",
    "graph",
    "values",
    "models",
    "packages",
    "uploads",
    "disk",
    "forecast",
)
"""The order in which findings are told: what must be mended first comes first."""


@dataclass
class Looked:
    """What a server answered: ``facts`` and ``schema`` are None where it did not, ``findings`` say why.

    ``packages`` are those of its Python where that is on this machine; ``rehearsal`` names its random weights.
    """

    facts: Facts | None = None
    schema: NodeSchema | None = None
    packages: Mapping[str, str] | None = None
    rehearsal: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """'stand-in', 'comfyui', or empty where no ComfyUI answered."""
        if self.facts is None:
            return ""
        return "comfyui" if self.facts.stand_in is None else "stand-in"

    @property
    def measured(self) -> bool:
        """Whether forecasts, which are of models at their full size on a card, speak of this server."""
        on_cpu = self.facts is not None and self.facts.device == "cpu" and self.facts.stand_in is None
        return not on_cpu and not self.rehearsal.startswith("tiny")


def look(
    client: ComfyClient,
    classes: Iterable[str],
    *,
    folder: Path | None = None,
    release: str | None = None,
    need: Need | None = None,
) -> Looked:
    """Ask ``client`` for what does not depend on a graph's values; ``folder`` is its ComfyUI folder on this machine.

    Raises nothing of the network's: what could not be asked is a finding.
    """
    seen = Looked()
    try:
        seen.facts = read_facts(client.system_stats())
    except ServerError as error:
        seen.findings.append(unanswered("server", error))
        return seen
    if seen.facts is None:
        text, hint = f"{client.url} answers, but not as ComfyUI does", "is server.url right?"
        seen.findings.append(Finding("fault", "server", "no-comfyui", text, hint))
        return seen
    try:
        seen.findings.append(about_queue(client.queue()))
    except ServerError as error:
        seen.findings.append(unanswered("queue", error))
    _look_at_nodes(seen, seen.facts, client, classes, folder, release)
    seen.findings += about_server(seen.facts, need if seen.measured else None)
    return seen


def _look_at_nodes(
    seen: Looked, facts: Facts, client: ComfyClient, classes: Iterable[str], folder: Path | None, release: str | None
) -> None:
    """Its node classes, the packs they come from, its packages, and whether its models are random."""
    try:
        raw = client.object_info()
        seen.schema = NodeSchema.from_object_info(raw)
    except HarnessError as error:  # its own answer, or one that is no node information
        seen.findings.append(unanswered("nodes", error))
        return
    seen.findings += about_classes(classes, seen.schema, facts)
    if facts.stand_in is not None:
        return
    revisions, odd = _revisions(client, raw, classes, folder, facts.comfyui)
    seen.findings += about_packs(revisions, release, local=folder is not None and not odd)
    if odd:
        hint = "name the folder that this very server was started from"
        seen.findings.append(Finding("fault", "packs", "folder-odd", odd, hint))
    else:
        seen.packages = read_packages(folder, facts)
    seen.rehearsal = rehearsal_of(client, raw)
    if seen.rehearsal:
        tells = "cost is honest, what is drawn is noise" if seen.measured else "it only shows that everything runs"
        text = f"random weights of the rehearsal {seen.rehearsal}: {tells}"
        hint = "before real renders: python -m runner rehearse --remove"
        seen.findings.append(Finding("risk", "models", "rehearsal", text, hint))


def unanswered(topic: str, error: HarnessError) -> Finding:
    """The fault of a question that got no answer, or a wrong one."""
    hint = "see the server's log"
    if isinstance(error, ServerTimedOut):
        hint = "it may be starting, or stuck: look at it, or wait longer (server.read_timeout_s)"
    elif isinstance(error, ServerBadAnswer) and error.status < 500:
        hint = "is this the address and port of a ComfyUI?"
    return Finding("fault", topic, error.code, error.message, error.hint or hint)


def examine(
    client: ComfyClient,
    graph: Graph,
    *,
    folder: Path | None = None,
    release: str | None = None,
    upload: Path | None = None,
) -> Report:
    """The whole report on one graph; ``upload`` is a file that is really sent, and stays on the server."""
    cost = cost_of(graph)
    classes = [node["class_type"] for node in graph.values()]
    seen = look(client, classes, folder=folder, release=release, need=cost.need if cost is not None else None)
    findings = list(seen.findings)
    if seen.facts is not None:
        if seen.schema is not None:
            own = list(about_graph(graph, seen.schema))
            findings += [*own, *good_news(graph, seen.schema, own)]
        findings += about_packages(graph, seen.facts, seen.packages)
        findings.append(about_uploads(seen.facts) if upload is None else try_upload(client, upload))
        findings.append(about_forecast(cost if seen.measured else None, stand_in=seen.facts.stand_in is not None))
    return report(client, seen.kind, findings)


def report(client: ComfyClient, kind: str, findings: Iterable[Finding]) -> Report:
    """Findings in the order of the topics, with every text safe to show and none of our secrets in it."""
    ordered = sorted(findings, key=lambda one: TOPICS.index(one.topic))
    return Report(client.url, kind, tuple(one.cleaned(client.shown) for one in ordered))


def try_upload(client: ComfyClient, file: Path) -> Finding:
    """Send ``file`` under a name of its own; the same one again takes no further room there."""
    name = f"infinitetalk-sweep-doctor{file.suffix.lower() if file.suffix.isascii() else ''}"
    try:
        given = client.upload(file, name)
    except ServerError as error:
        return unanswered("uploads", error)
    text = f"{file.name} ({file.stat().st_size:,} bytes) was taken; it stays there as input/{given}"
    return Finding("ok", "uploads", "uploads", text)


def _revisions(
    client: ComfyClient, schema: Mapping[str, Any], classes: Iterable[str], folder: Path | None, running: str
) -> tuple[dict[str, str | None], str]:
    """The packs in use with their revisions, and why ``folder`` is not what the server runs, empty where it is."""
    packs = packs_of(schema, set(classes) & schema.keys())
    told: dict[str, str] = {}
    if packs:
        try:
            told = from_manager(packs, client.node_packs())
        except ServerError:
            told = {}  # it told everything else: this one answer is unknown, not a fault
    local = from_folder(packs, folder, running) if folder is not None else Local()
    return {pack: local.packs.get(pack) or told.get(pack) for pack in sorted(packs)}, local.odd
