"""The two forms in which servers describe an input with a list of choices."""

from typing import Any


def choices(spec: Any) -> list[Any] | None:
    """The options of an input's specification, None where it is no list of choices.

    >>> choices([["a", "b"], {"default": "a"}]), choices(["COMBO", {"options": ["a"]}]), choices(["INT", {}])
    (['a', 'b'], ['a'], None)
    """
    if not isinstance(spec, list) or not spec:
        return None
    if isinstance(spec[0], list):
        return spec[0]
    options = details(spec).get("options") if spec[0] == "COMBO" else None
    return options if isinstance(options, list) else None


def details(spec: Any) -> dict[str, Any]:
    """Default, bounds and flags of an input's specification."""
    found = spec[1] if isinstance(spec, list) and len(spec) > 1 else None
    return found if isinstance(found, dict) else {}


def inputs_of(schema: Any, class_type: str) -> dict[str, Any]:
    """Every required and optional input of a class in ``/object_info``, by name; empty where it is unknown."""
    node = schema.get(class_type) if isinstance(schema, dict) else None
    groups = node.get("input") if isinstance(node, dict) else None
    found: dict[str, Any] = {}
    for group in ("required", "optional"):
        part = groups.get(group) if isinstance(groups, dict) else None
        found |= part if isinstance(part, dict) else {}
    return found
