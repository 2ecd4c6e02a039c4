"""From the config group ``scoring`` to the evaluator's settings: weights, device, and what a shared card costs."""

import io
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console

from eval.device import NoGpuError
from eval.settings import UnknownNetworkError
from eval.weights import WeightsWrong
from sweeps.commandline import read
from sweeps.judging import fetch_weights, settings_of, shares_card, sources_of

Composed = Callable[..., Any]
LOCAL = ("server=comfyui", "server.url=http://127.0.0.1:8188")
REMOTE = ("server=comfyui", "server.url=http://gpu-box:8188")


def test_own_weights_and_their_sums_reach_the_evaluator(composed: Composed, tmp_path: Path) -> None:
    typed = [
        f"scoring.weights.files.syncnet={tmp_path / '权重' / 'my.model'}",
        f"scoring.weights.sha256.syncnet={'ab' * 32}",
        f"scoring.weights.folder={tmp_path}",
        "scoring.weights.mirrors=[https://mirror.example/weights]",
    ]
    given = composed(*read(typed).arguments)
    sources = sources_of(given)
    assert dict(sources.files) == {"syncnet": tmp_path / "权重" / "my.model"}
    assert dict(sources.sha256) == {"syncnet": "ab" * 32}
    assert (sources.folder, sources.mirrors) == (tmp_path, ("https://mirror.example/weights",))
    assert settings_of(given).sources == sources


@pytest.mark.parametrize(
    ("server", "device", "used", "shared"),
    [
        (LOCAL, "cpu", "cpu", False),
        (LOCAL, "auto", "cpu", False),
        (LOCAL, "cuda", "cuda", True),
        (REMOTE, "auto", "auto", False),
        (REMOTE, "cuda", "cuda", False),
        ((), "auto", "auto", False),
    ],
)
def test_a_card_that_renders_scores_only_when_asked(
    composed: Composed, server: tuple[str, ...], device: str, used: str, shared: bool
) -> None:
    config = composed(*server, f"scoring.device={device}")
    assert settings_of(config).device == used
    assert shares_card(config) is shared


def test_networks_and_devices_that_do_not_exist_are_named(composed: Composed) -> None:
    for override, word in (("scoring.networks=[synknet]", "synknet"), ("scoring.device=tpu", "tpu")):
        with pytest.raises(UnknownNetworkError, match=word):
            settings_of(composed(override))
    assert settings_of(composed("scoring.networks=[]")).networks == ()


def test_a_wrong_file_and_a_missing_card_are_told_before_anything_renders(composed: Composed, tmp_path: Path) -> None:
    wrong = tmp_path / "syncnet_v2.model"
    wrong.write_bytes(b"not these")
    with pytest.raises(WeightsWrong, match=sha256(b"not these").hexdigest()):
        fetch_weights(composed(f"scoring.weights.files.syncnet={wrong}"), Console(file=io.StringIO()))
    if not torch.cuda.is_available():
        with pytest.raises(NoGpuError):
            fetch_weights(composed("scoring.device=cuda"), Console(file=io.StringIO()))


def test_absent_weights_are_said_in_one_line_and_stop_nothing(composed: Composed, tmp_path: Path) -> None:
    heard = io.StringIO()
    fetch_weights(composed(f"scoring.weights.folder={tmp_path / 'none here'}"), Console(file=heard, width=400))
    assert "python -m eval weights fetch" in heard.getvalue()
    assert len(heard.getvalue().splitlines()) == 1
