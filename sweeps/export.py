"""The graph of one setting as a file: what a person takes to ComfyUI."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sweeps.commandline import read
from sweeps.compose import by_itself
from sweeps.naming import folder_name
from sweeps.settings import Setting, expand
from workflow.binding import bind
from workflow.errors import HarnessError
from workflow.files import write_atomically
from workflow.graph import Graph, load_graph

CONF: Final = Path(__file__).resolve().parents[1] / "conf"


class NotOneSetting(HarnessError):
    """Words that mean several settings."""

    code = "export-several"


def export(words: Sequence[str], output: Path | None) -> Path:
    """Write the graph that ``words``, those of sweep.py, describe; where it went.

    Raises NotOneSetting, ConfigError, ParameterError, GraphError.
    """
    line = read(words)
    config = by_itself(CONF, line.arguments, line)
    settings = expand(config, lambda _: config)
    if len(settings) != 1:
        hint = "leave out sweep.axes, and say which values are meant: workflow.steps=6"
        raise NotOneSetting(f"these words mean {len(settings)} settings", hint=hint)
    variant = config.choices.get("variant", "graph")
    path = output or Path(f"{folder_name(variant)}.json")
    write_atomically(path, json.dumps(graph_of(settings[0]), ensure_ascii=False, indent=1) + "\n")
    return path


def graph_of(setting: Setting) -> Graph:
    """A setting's graph, with the names of input files that the graph has. Raises ParameterError, GraphError."""
    graph = load_graph(setting.config.workflow.graph)
    return bind(graph).patch(graph, setting.values, setting.inputs).graph
