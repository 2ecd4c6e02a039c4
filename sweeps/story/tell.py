"""From a finished sweep of the history to its story: graphs told apart, table, Markdown, page."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeps.compare.command import rules
from sweeps.results import SettingResult, SweepResult
from sweeps.story.claims import BASE
from sweeps.story.story import Chapter, chapters
from sweeps.story.told import for_report, markdown, show
from workflow.binding import bind
from workflow.diff import changes
from workflow.errors import HarnessError
from workflow.files import write_atomically
from workflow.graph import Graph, load_graph

if TYPE_CHECKING:
    from rich.console import Console

    from sweeps.config import Config


def tell(result: SweepResult, config: "Config", folder: Path, console: "Console") -> dict[str, Any]:
    """Print the story and write it; what the page shows of it. Raises OSError, CompareWords, GraphError."""
    told = story_of(result, config)
    if not told:
        return {}
    show(result, told, console)
    write_atomically(folder / "story.md", markdown(result, told))
    return for_report(result, told)


def story_of(result: SweepResult, config: "Config") -> tuple[Chapter, ...]:
    """The story of ``result`` by the margins and the graph of ``config``; nothing where v2 is not in it."""
    margins, _ = rules(config.compare, None, [])
    return chapters(result, margins, changed(result, config.workflow.graph))


def changed(result: SweepResult, graph: str | None) -> Mapping[str, list[str]]:
    """What changed in the graph of each setting against the base's, in words."""
    base = result.setting(BASE)
    if base is None:
        return {}
    whole = load_graph(None if graph is None else Path(graph).expanduser())
    return {one.name: _changes(whole, base, one) for one in result.settings}


def _changes(graph: Graph, base: SettingResult, other: SettingResult) -> list[str]:
    try:
        one, two = (_patched(graph, setting) for setting in (base, other))
    except HarnessError as error:
        return [error.message]
    return [change.shown for change in changes(one, two)]


def _patched(graph: Graph, setting: SettingResult) -> Graph:
    inputs = {name: value for name, value in setting.values.items() if "." in name}
    values = {name: value for name, value in setting.values.items() if "." not in name}
    return bind(graph).patch(graph, values, inputs).graph
