"""A prompt that the server refused, told in lines a person can act on."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from runner.combo import choices
from runner.text import plain
from runner.transport import ServerError

_MANY = 12


class PromptRejected(ServerError):
    """The server validated the graph and refused it, or would have run only a part of it.

    ``lines`` name node, class, input, value and what is allowed; ``types`` are the server's error types.
    """

    code: ClassVar[str] = "prompt-rejected"

    def __init__(self, message: str, *, lines: tuple[str, ...] = (), types: frozenset[str] = frozenset()) -> None:
        super().__init__("\n  ".join((message, *lines)), hint="compare the graph with what this server offers")
        self.lines = lines
        self.types = types


def rejection(answer: Mapping[str, Any], *, partial: bool = False) -> PromptRejected:
    """The error for a 400 of ``/prompt``, or (``partial``) for a 200 that dropped a branch of the graph."""
    error = answer.get("error")
    error = error if isinstance(error, dict) else {"message": error}
    nodes = answer.get("node_errors")
    nodes = nodes if isinstance(nodes, dict) else {}
    lines = tuple(line for node, found in nodes.items() for line in _node_lines(str(node), found))
    kinds = {str(error.get("type", ""))} | {
        str(item.get("type")) for found in nodes.values() for item in _errors(found)
    }
    if partial:
        head = "the server accepted only a part of the graph; the job was taken back"
    else:
        detail = "" if lines else plain(error.get("details") or "", 300)
        head = f"the server refused the graph: {plain(error.get('message') or 'no reason given', 200)}"
        head = f"{head} ({detail})" if detail else head
    return PromptRejected(head, lines=lines, types=frozenset(kinds - {""}))


def _errors(found: Any) -> list[dict[str, Any]]:
    errors = found.get("errors") if isinstance(found, dict) else None
    return [item for item in errors if isinstance(item, dict)] if isinstance(errors, list) else []


def _node_lines(node: str, found: Any) -> Iterator[str]:
    class_type = plain(found.get("class_type", "?"), 80) if isinstance(found, dict) else "?"
    for item in _errors(found):
        extra = item.get("extra_info")
        extra = extra if isinstance(extra, dict) else {}
        where = f"node {plain(node, 20)} {class_type}"
        name = extra.get("input_name")
        yield f"{where}.{plain(name, 80)}: {_words(item, extra)}" if name else f"{where}: {_words(item, extra)}"


def _words(item: Mapping[str, Any], extra: Mapping[str, Any]) -> str:
    kind, message = item.get("type"), plain(item.get("message", ""), 200)
    if kind == "value_not_in_list":
        return f"{plain(repr(extra.get('received_value')), 120)} is not offered; the server has {_offered(extra)}"
    if kind == "required_input_missing":
        return "required, and not sent"
    details = plain(item.get("details", ""), 200)
    value = f" (sent {plain(repr(extra['received_value']), 80)})" if "received_value" in extra else ""
    return f"{message}{value}" if details == extra.get("input_name") else f"{message}: {details}{value}"


def _offered(extra: Mapping[str, Any]) -> str:
    options = choices(extra.get("input_config"))
    if options is None:
        return "another list"
    if not options:
        return "nothing to choose from (an empty folder?)"
    shown = ", ".join(plain(option, 80) for option in options[:_MANY])
    return f"{shown} and {len(options) - _MANY} more" if len(options) > _MANY else shown
