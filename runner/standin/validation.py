"""What ComfyUI checks before it queues a prompt, in its order and its words; values are coerced in place as it does."""

import traceback
from dataclasses import dataclass, field
from typing import Any

from runner.standin.checks import CHECKED_BY_CLASS
from runner.standin.classes import InputSpec, NodeClasses
from runner.standin.jobs import Prompt

Error = dict[str, Any]
MAX_LISTED = 20  # longer lists are not sent back


@dataclass
class Verdict:
    """``error`` is None when at least one output can run; ``outputs`` are those, ``node_errors`` may still be full."""

    error: Error | None
    outputs: list[str] = field(default_factory=list)
    node_errors: dict[str, Any] = field(default_factory=dict)


@dataclass
class _Checked:
    valid: bool
    errors: list[Error]


def problem(kind: str, message: str, details: str, extra: dict[str, Any] | None = None) -> Error:
    """One error in the shape that ComfyUI answers."""
    return {"type": kind, "message": message, "details": details, "extra_info": extra or {}}


def validate_prompt(prompt: Prompt, classes: NodeClasses, targets: list[str] | None = None) -> Verdict:
    """Check a whole prompt. A bad output branch is dropped and reported, the rest may run (as on the server)."""
    outputs = []
    for node_id in prompt:  # an empty list is an empty prompt, as there
        node = prompt[node_id]
        if "class_type" not in node:
            return Verdict(classes.release.missing_node(node_id, node))
        name = node["class_type"]
        if name not in classes:
            return Verdict(classes.release.missing_node(node_id, node))
        if classes.is_output(name) and (targets is None or node_id in targets):
            outputs.append(node_id)
    if not outputs:
        return Verdict(problem("prompt_no_outputs", "Prompt has no outputs", ""))
    return _Validator(prompt, classes).verdict(outputs)


class _Validator:
    def __init__(self, prompt: Prompt, classes: NodeClasses) -> None:
        self.prompt, self.classes = prompt, classes
        self.checked: dict[str, _Checked] = {}

    def verdict(self, outputs: list[str]) -> Verdict:
        good: list[str] = []
        node_errors: dict[str, Any] = {}
        lines: list[str] = []
        for output in outputs:
            result = self._output(output)
            if result.valid:
                good.append(output)
                continue
            lines += [f"{error['message']}: {error['details']}" for error in result.errors]
            for node_id, seen in self.checked.items():
                if seen.valid or not seen.errors:
                    continue
                kind = self.prompt[node_id]["class_type"]
                fresh = {"errors": seen.errors, "dependent_outputs": [], "class_type": kind}
                node_errors.setdefault(node_id, fresh)["dependent_outputs"].append(output)
        if good:
            return Verdict(None, good, node_errors)
        failed = problem("prompt_outputs_failed_validation", "Prompt outputs failed validation", "\n".join(lines))
        return Verdict(failed, [], node_errors)

    def _output(self, node_id: str) -> _Checked:
        try:
            return self.node(node_id)
        except Exception as error:  # whatever a hostile graph provokes is an answer, not the end of the server
            extra = {"exception_type": type(error).__name__, "traceback": traceback.format_tb(error.__traceback__)}
            reasons = [problem("exception_during_validation", "Exception when validating node", str(error), extra)]
            self.checked[node_id] = _Checked(False, reasons)
            return self.checked[node_id]

    def node(self, node_id: str) -> _Checked:
        """Check a node and, through its links, its ancestors."""
        if node_id in self.checked:
            return self.checked[node_id]
        node = self.prompt[node_id]
        name, inputs = node["class_type"], node["inputs"]
        result = _Checked(True, [])
        for spec in self.classes.inputs(name):
            if spec.name not in inputs:
                if spec.required:
                    extra = {"input_name": spec.name}
                    result.errors.append(
                        problem("required_input_missing", "Required input is missing", spec.name, extra)
                    )
            elif isinstance(inputs[spec.name], list):
                self._link(spec, inputs[spec.name], result)
            else:
                checked_by_class = spec.name in CHECKED_BY_CLASS.get(name, ())
                error = _widget(spec, inputs, ranged=not checked_by_class)
                result.errors += [error] if error else []
        result.errors += self._class_check(name, inputs)
        result.valid = result.valid and not result.errors
        self.checked[node_id] = result
        return result

    def _link(self, spec: InputSpec, link: list[Any], result: _Checked) -> None:
        about = {"input_name": spec.name, "input_config": spec.config}
        if len(link) != 2:
            message = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
            result.errors.append(problem("bad_linked_input", message, spec.name, {**about, "received_value": link}))
            return
        source = link[0]
        received = self.classes.returns(self.prompt[source]["class_type"])[link[1]]
        if not _compatible(received, spec.kind):
            details = f"{spec.name}, received_type({received}) mismatch input_type({spec.kind})"
            extra = {**about, "received_type": received, "linked_node": link}
            message = "Return type mismatch between linked nodes"
            result.errors.append(problem("return_type_mismatch", message, details, extra))
            return
        try:
            if not self.node(source).valid:
                result.valid = False
        except Exception as error:  # an error in a node's own check is reported at the link that led there
            result.valid = False
            extra = {
                **about,
                "exception_message": str(error),
                "exception_type": type(error).__name__,
                "traceback": traceback.format_tb(error.__traceback__),
                "linked_node": link,
            }
            message = "Exception when validating inner node"
            reasons = [problem("exception_during_inner_validation", message, str(error), extra)]
            self.checked[source] = _Checked(False, reasons)

    def _class_check(self, name: str, inputs: dict[str, Any]) -> list[Error]:
        objections = self.classes.checks.objections(name, inputs)
        if objections is None:
            return []
        looked_at, words = objections
        message = "Custom validation failed for node"
        return [
            problem("custom_validation_failed", message, f"{key} - {words}", {"input_name": key}) for key in looked_at
        ]


def _compatible(received: str, wanted: str | list[Any]) -> bool:
    if received in (wanted, "*") or wanted == "*":
        return True
    if not isinstance(wanted, str):
        return False
    return not {part.strip() for part in received.split(",")}.isdisjoint(part.strip() for part in wanted.split(","))


def _widget(spec: InputSpec, inputs: dict[str, Any], *, ranged: bool) -> Error | None:
    """Coerce one value in place, silently as the server does, then check its range and list."""
    value = inputs[spec.name]
    if isinstance(value, dict) and "__value__" in value:
        value = inputs[spec.name] = value["__value__"]
    about = {"input_name": spec.name, "input_config": spec.config}
    try:
        convert = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}.get(
            spec.kind if isinstance(spec.kind, str) else ""
        )
        if convert is not None:
            value = inputs[spec.name] = convert(value)
    except (TypeError, ValueError, OverflowError) as error:
        extra = {**about, "received_value": value, "exception_message": str(error)}
        message = f"Failed to convert an input value to a {spec.kind} value"
        return problem("invalid_input_type", message, f"{spec.name}, {value}, {error}", extra)
    if not ranged:
        return None
    extra = {**about, "received_value": value}
    if "min" in spec.options and value < spec.options["min"]:
        message = f"Value {value} smaller than min of {spec.options['min']}"
        return problem("value_smaller_than_min", message, spec.name, extra)
    if "max" in spec.options and value > spec.options["max"]:
        message = f"Value {value} bigger than max of {spec.options['max']}"
        return problem("value_bigger_than_max", message, spec.name, extra)
    if isinstance(spec.kind, list) and value not in spec.kind:
        listed = str(spec.kind)
        if len(spec.kind) > MAX_LISTED:
            listed, extra = f"(list of length {len(spec.kind)})", {**extra, "input_config": None}
        return problem("value_not_in_list", "Value not in list", f"{spec.name}: '{value}' not in {listed}", extra)
    return None
