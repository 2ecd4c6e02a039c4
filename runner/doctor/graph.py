"""Findings about one graph on one server: values, model files, and what the rules know beyond the schema."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from runner.doctor.finding import Finding, listed
from workflow.binding import Binding, bind
from workflow.cell import Clip
from workflow.errors import HarnessError
from workflow.graph import Graph
from workflow.models import canonical, is_model_file
from workflow.rules import check, check_axes
from workflow.schema import NodeSchema
from workflow.validate import Problem, validate
from workflow.windows import Windows

_FOLDERS = {
    "WanVideoModelLoader": "diffusion_models",
    "MultiTalkModelLoader": "diffusion_models",
    "WanVideoVAELoader": "vae",
    "WanVideoTextEncodeCached": "text_encoders",
    "WanVideoTextEncode": "text_encoders",
    "CLIPVisionLoader": "clip_vision",
    "Wav2VecModelLoader": "wav2vec2",
    "WanVideoLoraSelect": "loras",
}
_LONG = 240


def about_graph(
    graph: Graph,
    schema: NodeSchema,
    *,
    binding: Binding | None = None,
    clip: Clip | None = None,
    windows: Windows | None = None,
    swept: Sequence[str] = (),
) -> Iterator[Finding]:
    """Everything wrong or doubtful with ``graph``, all at once; missing classes are not repeated here.

    ``binding`` says where its parameters are (found anew for None); ``clip``, ``windows`` and ``swept`` (raw inputs
    that a sweep varies) tell the rules more.
    """
    unbound = []
    if binding is None:
        try:
            binding = bind(graph)
        except HarnessError as error:
            text = " ".join(error.message.split())
            unbound.append(Finding("fault", "graph", error.code, text, error.hint))
    problems = [one for one in validate(graph, schema) if one.kind != "missing_node_type"]
    slots = binding.slots.items() if binding is not None else ()
    places = {(place.node, place.input): name for name, own in slots for place in own}
    found = [_of_problem(one, schema, places.get((one.node, one.input), one.input)) for one in problems]
    yield from unbound
    if binding is not None:
        yield from _with_rules(found, _rules(binding, graph, clip, windows, swept))
    else:
        yield from found


def good_news(graph: Graph, schema: NodeSchema, found: Sequence[Finding]) -> Iterator[Finding]:
    """What the faults in ``found`` leave to say: values allowed, models there, names as Windows spells them."""
    topics = {one.topic for one in found if one.mark == "fault"}
    known = all(node["class_type"] in schema.classes for node in graph.values())
    if known and "values" not in topics:
        yield Finding("ok", "values", "values", "every value of the graph is allowed by this server's schema")
    named = [
        (node["class_type"], name, value)
        for node in graph.values()
        for name, value in node["inputs"].items()
        if is_model_file(value)
    ]
    if known and "models" not in topics and named:
        yield Finding("ok", "models", "models", f"all {len(named)} model files are there")
    if any("\\" in option for kind, name, _ in named for option in _options(schema, kind, name)):
        text = "this server writes names with \\; they are compared with / and sent as it spells them"
        yield Finding("ok", "models", "models-backslash", text)


def _of_problem(problem: Problem, schema: NodeSchema, parameter: str) -> Finding:
    if problem.kind == "value_not_in_list" and is_model_file(problem.value):
        return _model(problem, schema)
    allowed = problem.allowed if len(problem.allowed) <= _LONG else problem.allowed[:_LONG].rpartition(",")[0] + ", …"
    place = f"{problem.title}.{problem.input}" if problem.input else problem.title
    text = f"{place}: {problem.message}"
    hint = f"did you mean {' or '.join(problem.suggestions)}?" if problem.suggestions else ""
    if problem.level == "warned":
        return Finding("risk", "values", problem.kind, text, hint, parameter)
    if problem.kind == "unknown_input":
        hint = hint or "its pack there is of another release than the graph: update one of them"
    hint = hint or (f"allowed: {allowed}" if allowed else "mend it in the graph, or export it anew from that server")
    return Finding("fault", "values", problem.kind, text, hint, parameter)


def _model(problem: Problem, schema: NodeSchema) -> Finding:
    """A missing file; the whole list of a server would bury the names that are near."""
    folder = _FOLDERS.get(problem.class_type, "")
    place = f"models/{folder}" if folder else "its models folder"
    options = [canonical(option) for option in _options(schema, problem.class_type, problem.input)]
    if problem.suggestions:
        hint = f"nearest there: {listed(problem.suggestions)}"
    elif options:
        hint = f"put it there; nothing has a name like it among {listed(options)}"
    else:
        place, hint = f"{place}, which is empty", "put it there"
    text = f"{problem.value} is missing in {place} ({problem.class_type}, #{problem.node})"
    return Finding("fault", "models", "model-missing", text, hint, str(problem.value))


def _options(schema: NodeSchema, class_type: str, name: str) -> list[str]:
    spec = schema.input(class_type, name)
    return [option for option in spec.options or () if isinstance(option, str)] if spec is not None else []


def _rules(
    binding: Binding, graph: Graph, clip: Clip | None, windows: Windows | None, swept: Sequence[str]
) -> Iterator[Finding]:
    """What the rules know, packages left to ``packages`` and values that are not read to the plan."""
    for one in (*check(binding, graph, clip=clip, windows=windows), *check_axes(graph, swept)):
        if one.level == "refused":
            yield Finding("fault", "values", one.code, one.message, "change the value that is named", one.parameter)
        elif one.level == "warned":
            yield Finding("risk", "values", one.code, one.message, about=one.parameter)


def _with_rules(found: Sequence[Finding], rules: Iterator[Finding]) -> Iterator[Finding]:
    """Problems and rules together; what a rule says of a value that is refused anyway becomes that fault's hint."""
    further = list(rules)
    faulty = {one.about for one in found if one.mark == "fault" and one.about}
    doubts = {rule.about: rule.text for rule in further if rule.mark == "risk" and rule.about in faulty}
    for one in found:
        if one.mark == "fault" and one.about in doubts:
            text = f"{one.text} ({one.hint})" if one.hint else one.text
            yield replace(one, text=text, hint=doubts[one.about])
        else:
            yield one
    yield from (rule for rule in further if rule.mark == "fault" or rule.about not in faulty)
