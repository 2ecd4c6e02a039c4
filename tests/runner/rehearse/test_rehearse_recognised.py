"""A server with random weights is known as one, and nothing from it is taken for a model's."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from runner.rehearse.mark import KEY, notice_name
from runner.rehearse.recognise import rehearsal_of
from runner.stamp import Stamp, environment_hash

REAL = Stamp(kind="comfyui", comfyui="0.3.64", gpu="NVIDIA H200", release="mine")


def offers(*names: str, newer: bool = False) -> dict[str, Any]:
    combo: list[Any] = ["COMBO", {"options": list(names)}] if newer else [list(names), {}]
    return {"WanVideoVAELoader": {"input": {"required": {"model_name": combo}}}}


@dataclass
class Models:
    """A server's model files with their metadata; it counts what it is asked."""

    files: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    asked: int = 0

    def model_metadata(self, folder: str, name: str) -> Mapping[str, Any]:
        self.asked += 1
        return self.files.get((folder, name), {})


def test_the_notice_among_the_model_files_tells_in_both_forms_and_spellings() -> None:
    notice = notice_name("full", 3)
    for schema in (offers("a.gguf", notice), offers(notice, newer=True), offers(f"sub\\{notice}")):
        assert rehearsal_of(Models(), schema) == "full-3"
    assert rehearsal_of(Models(), {**offers(notice), "Odd": {"input": "x"}, "Odder": None}) == "full-3"


def test_without_the_notice_the_files_own_mark_tells() -> None:
    name = "Wan2_1_VAE_bf16.safetensors"
    marked = Models({("vae", name): {KEY: "tiny seed=4 table=ab"}})
    assert rehearsal_of(marked, offers(name)) == "tiny-4"


def test_real_models_are_no_rehearsal_and_only_files_of_the_workflow_are_asked_for() -> None:
    models = Models({("vae", "Wan2_1_VAE_bf16.safetensors"): {"format": "pt"}})
    assert rehearsal_of(models, offers("Wan2_1_VAE_bf16.safetensors", *(f"{n}.safetensors" for n in range(500)))) == ""
    assert models.asked == 1


def test_what_a_hostile_server_says_stays_short_and_plain() -> None:
    told = rehearsal_of(Models(), offers(notice_name("full\x1b[31m" + "x" * 500, 0)))
    assert len(told) <= 60 and told.isprintable()


def test_another_environment_and_the_old_one_unchanged() -> None:
    rehearsed = replace(REAL, rehearsal="full-0")
    assert environment_hash(rehearsed, ["m"]) != environment_hash(REAL, ["m"])
    assert environment_hash(rehearsed, ["m"]) != environment_hash(replace(REAL, rehearsal="tiny-0"), ["m"])
    assert Stamp.from_json(rehearsed.to_json()) == rehearsed
    old = REAL.to_json()
    del old["rehearsal"]  # a record from before there were rehearsals
    assert Stamp.from_json(old) == REAL
