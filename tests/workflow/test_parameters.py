"""The parameters as a config schema, and their table."""

import dataclasses

import pytest
from omegaconf import OmegaConf, ValidationError

from workflow.parameters import ALIASES, LOADER, Parameters
from workflow.schema import default_schema


def test_there_is_one_field_for_each_alias() -> None:
    assert [field.name for field in dataclasses.fields(Parameters)] == list(ALIASES)
    assert set(ALIASES) >= LOADER


def test_each_alias_names_an_input_of_its_class_and_kind() -> None:
    for name, alias in ALIASES.items():
        spec = default_schema().input(alias.class_type, alias.input)
        assert spec is not None, name
        assert spec.kind == alias.kind or name in ("loras", "second_image")


def test_parameters_are_a_config_schema() -> None:
    config = OmegaConf.merge(OmegaConf.structured(Parameters), {"loras": [{"name": "a"}], "motion_frame": 13})
    made = OmegaConf.to_object(config)
    assert isinstance(made, Parameters)
    assert made.loras is not None
    assert (made.loras[0].name, made.loras[0].strength, made.motion_frame, made.cfg) == ("a", 1.0, 13, None)


@pytest.mark.parametrize(("key", "value"), [("motion_frame", 2.9), ("motion_frame", "x"), ("steps", True)])
def test_wrong_types_are_refused_by_the_schema(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        OmegaConf.merge(OmegaConf.structured(Parameters), {key: value})
