"""The graph of one setting as a file: what a person takes to ComfyUI."""

import json
from collections.abc import Sequence
from pathlib import Path

from sweeps.commandline import read
from sweeps.compose import configured, in_groups
from sweeps.naming import folder_name
from sweeps.settings import Setting, expand
from workflow.binding import bind
from workflow.errors import HarnessError
from workflow.files import write_atomically
from workflow.graph import Graph, load_graph


class NotOneSetting(HarnessError):
    """Words that mean several settings."""

    code = "export-several"


class ExportUnwritable(HarnessError):
    """A file that cannot be written."""

    code = "export-unwritable"


def export(words: Sequence[str], output: Path | None) -> Path:
    """Write the graph that ``words``, those of sweep.py, describe; where it went.

    Raises NotOneSetting, ExportUnwritable, ConfigError, ParameterError, GraphError.
    """
    line = read(words)
    config = configured(line.arguments, line)
    settings = expand(config, lambda groups: configured(in_groups(line.arguments, groups), line))
    if len(settings) != 1:
        hint = "leave out sweep.axes, and say which values are meant: workflow.steps=6"
        raise NotOneSetting(f"these words mean {len(settings)} settings", hint=hint)
    variant = settings[0].config.choices.get("variant", "graph")
    path = output or Path(f"{folder_name(variant)}.json")
    text = json.dumps(graph_of(settings[0]), ensure_ascii=False, indent=1) + "\n"
    try:
        write_atomically(path, text)
    except OSError as error:
        hint = "name a file in a folder that may be written: --output FILE"
        raise ExportUnwritable(f"{path} cannot be written: {error.strerror or error}", hint=hint) from error
    except UnicodeEncodeError as error:
        hint = "type them in a terminal that speaks UTF-8"
        raise ExportUnwritable(f"{path} cannot be written: these words are not UTF-8 text", hint=hint) from error
    return path


def graph_of(setting: Setting) -> Graph:
    """A setting's graph, with the names of input files that the graph has. Raises ParameterError, GraphError."""
    path = setting.config.workflow.graph
    graph = load_graph(None if path is None else Path(path).expanduser())
    return bind(graph).patch(graph, setting.values, setting.inputs).graph
