"""The stamp and its hash: what changes a video changes the hash, and nothing else does."""

import copy
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.packs import from_manager, packs_of
from runner.stamp import Stamp, environment_hash, flags_of, read_stamp, schema_hash

SCHEMA: dict[str, Any] = {
    "Loader": {
        "python_module": "custom_nodes.ComfyUI-WanVideoWrapper",
        "output": ["MODEL"],
        "input": {
            "required": {"model": [["a.safetensors"], {}], "steps": ["INT", {"default": 4, "min": 1, "tooltip": "x"}]},
            "optional": {"mode": [["fast", "slow"], {"default": "slow"}]},
        },
    },
    "LoadImage": {
        "python_module": "nodes",
        "output": ["IMAGE"],
        "input": {"required": {"image": [["x.png"], {"image_upload": True}]}},
    },
}
STATS: dict[str, Any] = {
    "system": {
        "comfyui_version": "0.3.64",
        "python_version": "3.11",
        "pytorch_version": "2.11",
        "os": "posix",
        "ram_total": 1,
        "argv": ["main.py", "--listen", "0.0.0.0", "--port", "1", "--use-sage-attention"],
    },
    "devices": [{"name": "cuda:0 NVIDIA H200 : cudaMallocAsync", "vram_total": 2}],
}
PACK = "ComfyUI-WanVideoWrapper"
STAMP = read_stamp(STATS, SCHEMA, SCHEMA, {PACK: "abc"})


def test_a_stamp_tells_what_the_server_tells() -> None:
    assert (STAMP.kind, STAMP.gpu, STAMP.comfyui, STAMP.flags) == (
        "comfyui", "NVIDIA H200", "0.3.64", ("--use-sage-attention",),
    )  # fmt: skip
    assert STAMP.verified and Stamp.from_json(STAMP.to_json()) == STAMP


@pytest.mark.parametrize("part", ["kind", "comfyui", "torch", "gpu", "schema", "release", "stand_in", "core"])
def test_what_can_change_a_video_changes_the_hash(part: str) -> None:
    assert environment_hash(replace(STAMP, **{part: "other"}), ["m"]) != environment_hash(STAMP, ["m"])


def test_packs_flags_models_and_attention_change_the_hash() -> None:
    base = environment_hash(STAMP, ["m"], "sdpa")
    assert environment_hash(replace(STAMP, packs={PACK: "def"}), ["m"], "sdpa") != base
    assert environment_hash(replace(STAMP, flags=("--fast",)), ["m"], "sdpa") != base
    assert environment_hash(STAMP, ["n"], "sdpa") != base
    assert environment_hash(STAMP, ["m"], "sageattn") != base


@given(st.sampled_from(["vram_total", "ram_total", "python", "system"]), st.integers(1, 9))
def test_what_changes_no_video_does_not_change_the_hash(part: str, value: int) -> None:
    other = replace(STAMP, **{part: value if part.endswith("total") else str(value)})
    assert environment_hash(other, ["m"]) == environment_hash(STAMP, ["m"])


NAMES = ["a/b.gguf", "c.gguf", "d.safetensors"]
known_contents = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["", None, "1" * 64, "2" * 64]))


@given(known_contents, known_contents)
def test_the_content_of_models_counts_where_it_is_known(
    here: dict[str, str | None], there: dict[str, str | None]
) -> None:
    def told(contents: dict[str, str | None]) -> dict[str, str]:
        return {name: content for name, content in contents.items() if content}

    same = environment_hash(STAMP, NAMES, "sdpa", here) == environment_hash(STAMP, NAMES, "sdpa", there)
    assert same == (told(here) == told(there))
    if not told(here):
        assert environment_hash(STAMP, NAMES, "sdpa", here) == environment_hash(STAMP, NAMES, "sdpa")


def test_content_counts_whatever_the_separator_and_of_models_in_use_only() -> None:
    digest = environment_hash(STAMP, NAMES, contents={"a/b.gguf": "1"})
    assert environment_hash(STAMP, NAMES, contents={"a\\b.gguf": "1", "other.gguf": "2"}) == digest


def test_hashes_of_older_records_stay_what_they_were() -> None:
    """A stamp without what newer versions ask hashes as the version did that wrote it."""
    old = {key: value for key, value in STAMP.to_json().items() if key not in ("core", "folder", "rehearsal")}
    assert Stamp.from_json(old) == STAMP
    parts = {"format": 1, "kind": "comfyui", "stand_in": "", "comfyui": "0.3.64", "torch": "2.11", "gpu": "NVIDIA H200"}
    parts |= {"flags": ["--use-sage-attention"], "packs": {PACK: "abc"}, "schema": STAMP.schema, "release": ""}
    parts |= {"models": ["m"], "attention": "sdpa"}
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    assert environment_hash(Stamp.from_json(old), ["m"], "sdpa") == hashlib.sha256(text.encode()).hexdigest()


def test_a_folder_that_is_not_the_servers_makes_it_unverified_until_it_is_labelled() -> None:
    odd = replace(STAMP, folder="server.folder=/x (it holds ComfyUI 1, the server runs 2)")
    assert odd.unknown == (odd.folder,) and not odd.verified
    assert replace(odd, release="mine").verified
    assert environment_hash(odd, ["m"]) == environment_hash(STAMP, ["m"])


@given(st.lists(st.sampled_from(["a/b.gguf", "c.gguf", "d/e/f.safetensors"])), st.randoms())
def test_order_and_separator_of_models_do_not_count(models: list[str], random: Any) -> None:
    shuffled = [name.replace("/", random.choice("/\\")) for name in random.sample(models, len(models))]
    assert environment_hash(STAMP, shuffled) == environment_hash(STAMP, models)


def changed(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    schema = copy.deepcopy(SCHEMA)
    place: Any = schema
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return schema


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("Loader", "input", "required", "model"), [["b.gguf", "a.safetensors"], {}]),
        (("Loader", "input", "required", "model"), ["COMBO", {"options": ["z.safetensors"]}]),
        (("LoadImage", "input", "required", "image"), [["y.png"], {"image_upload": True}]),
        (("Loader", "input", "required", "steps"), ["INT", {"default": 4, "min": 1, "tooltip": "other words"}]),
        (("Loader", "input", "optional", "mode"), ["COMBO", {"options": ["fast", "slow"], "default": "slow"}]),
        (("Other",), {"input": {}}),
    ],
)
def test_files_on_the_server_and_words_do_not_change_the_schema_hash(path: tuple[str, ...], value: Any) -> None:
    classes = ("Loader", "LoadImage")
    assert schema_hash(changed(path, value), classes) == schema_hash(SCHEMA, classes)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("Loader", "input", "required", "steps"), ["INT", {"default": 5, "min": 1}]),
        (("Loader", "input", "optional", "mode"), [["fast", "slow", "slower"], {"default": "slow"}]),
        (("Loader", "input", "optional", "more"), ["INT", {}]),
        (("Loader", "output"), ["OTHER"]),
    ],
)
def test_a_new_choice_default_or_input_changes_the_schema_hash(path: tuple[str, ...], value: Any) -> None:
    assert schema_hash(changed(path, value), SCHEMA) != schema_hash(SCHEMA, SCHEMA)


def test_an_unknown_revision_makes_it_unverified_and_a_label_mends_that() -> None:
    unknown = read_stamp(STATS, SCHEMA, SCHEMA, {PACK: None})
    assert unknown.unknown == (f"revision of {PACK}",) and not unknown.verified
    assert read_stamp(STATS, SCHEMA, SCHEMA, {PACK: None}, release="2026-11").verified


def test_the_stand_in_is_verified_by_its_version_and_its_flags_do_not_count() -> None:
    argv = ["x", "--parent", "17", "--folder", "somewhere/17"]
    system = {**STATS["system"], "stand_in": {"version": "1"}, "argv": argv}
    stamp = read_stamp({**STATS, "system": system}, SCHEMA, SCHEMA, {PACK: None})
    assert (stamp.kind, stamp.stand_in, stamp.flags, stamp.verified) == ("stand-in", "1", (), True)


@pytest.mark.parametrize(
    "stats",
    [
        {},
        {"system": 1, "devices": 2},
        {"system": {"argv": 1}, "devices": [[]]},
        {"system": {"ram_total": float("inf")}, "devices": [{"vram_total": float("nan")}]},
    ],
)
def test_odd_statistics_leave_parts_unknown(stats: dict[str, Any]) -> None:
    assert not read_stamp(stats, {"Loader": []}, ["Loader"], {}).verified


@given(st.lists(st.text(max_size=12)))
def test_any_command_line_has_flags(argv: list[str]) -> None:
    assert flags_of(["main.py", *argv]) == tuple(sorted(flags_of(["main.py", *argv])))


def test_revisions_come_from_the_manager_by_folder_registry_or_repository() -> None:
    assert packs_of(SCHEMA, SCHEMA) == {PACK}
    for installed in (
        {PACK: {"ver": "9ae1a4f"}},
        {"x": {"cnr_id": "comfyui-wanvideowrapper", "ver": "9ae1a4f"}},
        {"x": {"aux_id": f"kijai/{PACK}", "ver": "9ae1a4f"}},
    ):
        assert from_manager({PACK}, installed) == {PACK: "9ae1a4f"}
    for nothing in (None, {}, {PACK: {"ver": "nightly"}}, {PACK: 3}, {PACK: {"ver": 3}}):
        assert from_manager({PACK}, nothing) == {}
