"""Files damaged at random: each gets a score or an error with a name, and the next one is judged as if nothing was."""

from dataclasses import replace

import av
import cv2
import numpy as np
import pytest

from eval.hearing import hear
from eval.score import QUICK, Score, score_video
from workflow.errors import HarnessError
from workflow.media.probe import Probe
from workflow.media.sound import write_wav

LIGHT = replace(QUICK, families=("colour", "mouth", "tail"), networks=())
KINDS = {".mp4": {}, ".mkv": {}, ".mov": {"codec": "prores_ks", "pixels": "yuv422p10le"}, ".ts": {}}


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """Cut anywhere, or a burst of wrong bytes at the start, at the end or anywhere."""
    kind, wrong = rng.integers(4), bytearray(data)
    if kind == 0:
        return data[: rng.integers(1, len(data))]
    start = {1: rng.integers(len(data)), 2: rng.integers(min(2000, len(data))), 3: max(len(data) - 2000, 0)}[int(kind)]
    for _ in range(8):
        wrong[min(start + rng.integers(200), len(data) - 1)] = rng.integers(256)
    return bytes(wrong)


@pytest.mark.parametrize("suffix", sorted(KINDS))
def test_no_damage_ends_the_process_or_the_batch(bench, film, tmp_path, suffix):
    pictures = [cv2.resize(one, (160, 122)) for one in bench.pictures[:20]]
    whole = film(tmp_path / f"whole{suffix}", pictures, sound=bench.sound[:12800], **KINDS[suffix])
    before, rng = score_video(whole, settings=LIGHT), np.random.default_rng(7)
    outcomes = []
    for _ in range(12):
        path = tmp_path / f"damaged{suffix}"
        path.write_bytes(damaged(whole.read_bytes(), rng))
        try:
            outcomes.append(score_video(path, settings=LIGHT))
        except HarnessError as error:
            outcomes.append(error)
    for outcome in outcomes:
        assert isinstance(outcome, HarnessError) or outcome.reason or outcome.status == "ok"
        assert not isinstance(outcome, Score) or set(outcome.values) == set(LIGHT.metrics)
    assert score_video(whole, settings=LIGHT) == before


def test_a_torn_sound_beside_a_given_speech_is_said_and_not_called_silent(bench, film, tmp_path):
    pictures = [cv2.resize(one, (160, 122)) for one in bench.pictures[:40]]
    whole, torn = film(tmp_path / "whole.mp4", pictures, sound=bench.sound[:25600]), tmp_path / "torn.mkv"
    with av.open(str(whole)) as old, av.open(str(torn), "w") as new:
        streams = [new.add_stream_from_template(stream) for stream in old.streams]
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                new.mux(packet)
    torn.write_bytes(torn.read_bytes()[: torn.stat().st_size * 6 // 10])
    write_wav(tmp_path / "given.wav", bench.sound[:25600].astype(np.int16), 16000)
    facts = Probe("video", 160, 122, 25.0, has_audio=True)
    sound = hear(torn, tmp_path / "given.wav", facts)
    assert not sound.dead and "own sound cannot be decoded" in sound.remarks[-1]
    assert hear(whole, tmp_path / "given.wav", facts).remarks == ()
