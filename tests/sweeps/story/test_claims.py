"""What the history said: every variant has its words, and every measure of them a margin."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from variants import HISTORY

from eval.metric import METRICS
from sweeps.story.claims import BASE, BASE_SAYS, CLAIMS, Claim

CONF = Path(__file__).resolve().parents[3] / "conf"
VERDICTS = {
    "v1": ("口型不同步", "画面模糊"),
    "v3": ("色彩偏移",),
    "v4": ("动作过大，不自然",),
    "v5": ("口型夸张",),
    "v6": ("画面过度锐化",),
    "v7": ("速度减半", "质量提升不明显"),
    "current": ("效果与 V2 一致",),
}
"""The verdicts of the history's table, in its own words."""


def of(variant: str) -> list[Claim]:
    return [one for one in CLAIMS if one.variant == variant]


@pytest.mark.parametrize("variant", VERDICTS)
def test_the_history_s_own_words_are_all_there(variant: str) -> None:
    assert tuple(one.says_zh for one in of(variant)) == VERDICTS[variant]


@pytest.mark.parametrize("variant", VERDICTS)
def test_in_english_as_the_variant_s_file_has_them(variant: str) -> None:
    head = (CONF / "variant" / f"{variant}.yaml").read_text(encoding="utf-8").split("\n\n")[0].lower()
    for one in of(variant):
        assert one.says.lower().removesuffix(" in quality") in head.replace("\n#", "")


def test_the_base_has_its_own() -> None:
    assert BASE == "v2" and BASE_SAYS[1] == "效果最佳，后续基于此优化"
    assert "best" in (CONF / "variant" / "v2.yaml").read_text(encoding="utf-8")


def test_every_variant_of_the_experiment_has_a_claim_and_no_other_has_one() -> None:
    told: Any = yaml.safe_load((CONF / "experiment" / "tuning_history.yaml").read_text(encoding="utf-8"))
    axis = told["sweep"]["axes"]["variant"]
    assert {one.variant for one in CLAIMS} == set(axis) - {BASE} == set(HISTORY)
    assert told["sweep"]["baseline"] == BASE and told["sweep"]["story"] is True


def test_what_the_history_does_not_know_says_so() -> None:
    for variant in set(HISTORY) - set(VERDICTS):
        for one in of(variant):
            assert "no verdict of its own" in one.says and "历史中没有" in one.says_zh
    known, beside = defaultdict(set), defaultdict(set)
    for one in CLAIMS:
        (known if one.variant in VERDICTS else beside)[one.variant.split("_")[0]].add(one.measures)
    assert all(measures <= known[variant] for variant, measures in beside.items()), "measured as what they stand beside"


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda one: f"{one.variant}: {one.says}")
def test_every_measure_of_a_claim_exists_and_has_a_margin(claim: Claim) -> None:
    margins: Any = yaml.safe_load((CONF / "compare" / "default.yaml").read_text(encoding="utf-8"))["margins"]
    assert claim.measures
    for metric, expected in claim.measures:
        assert metric in METRICS and margins[metric]["size"] > 0
        assert expected in ("up", "down", "same", "either")
    assert len({metric for metric, _ in claim.measures}) == len(claim.measures)
    assert claim.measures and len({expected == "same" for _, expected in claim.measures}) == 1, "all same, or none"


@pytest.mark.parametrize(
    ("variant", "metric", "expected"),
    [
        ("v1", "lipsync/confidence", "down"),
        ("v1", "lipsync/envelope_offset", "either"),
        ("v1", "sharpness/laplacian", "down"),
        ("v3", "colour/cheeks_mean", "up"),
        ("v4", "motion/head_mean", "up"),
        ("v5", "mouth/aperture_p95", "up"),
        ("v6", "sharpness/fine_detail", "up"),
        ("v7", "cost/window_s", "up"),
        ("current", "lipsync/confidence", "same"),
    ],
)
def test_a_verdict_is_looked_for_where_it_would_show(variant: str, metric: str, expected: str) -> None:
    assert (metric, expected) in {pair for one in of(variant) for pair in one.measures}
