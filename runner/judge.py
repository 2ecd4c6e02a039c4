"""What a history entry means: a file to fetch, or why there is none."""

import re
from collections.abc import Mapping
from typing import Any, Final

from runner.answers import Failure, FileRef, Finished
from runner.outcome import Outcome, Stage, Status
from runner.prepare import difference
from runner.text import plain
from workflow.timings import Timings

_STAGES: Final[tuple[tuple[str, Stage], ...]] = (
    (r"Sampler", "sample"),
    (r"VideoCombine|SaveVideo|CreateVideo", "encode"),
    (r"^WanVideoDecode|VAEDecode|PassImagesFromSamples", "decode"),
    (r"Load|BlockSwap|LoraSelect|Encode|Embeds|ImageToVideo", "load"),
)


def judge(graph: Mapping[str, Any], prefix: str, finished: Finished, timings: Timings) -> FileRef | Outcome:
    """The video among the outputs, or the outcome: failed, another graph, another file, no work done.

    A cached sampler is refused: nothing was measured, and WanVideoDecode normalises the cached frames in place, so
    that a second decode of them is washed out. Where the writing of the file was cached too, its name, which no other
    attempt has, proves that this very prompt made it: it was sent again because the first answer had been lost.
    """
    if finished.failure is not None:
        return _failed(finished.failure, timings)
    other = difference(graph, dict(finished.prompt))
    if other:
        return Outcome("corrupt", "sanity", f"the server ran another graph: {other}", timings)
    if timings.cached and not _ours(graph, finished):
        words = "the sampler's result came from the server's cache: no runtime, and a second decode is washed out"
        return Outcome("corrupt", "sanity", words, timings)
    return _video(prefix, finished, timings)


def _ours(graph: Mapping[str, Any], finished: Finished) -> bool:
    writers = {node for node, body in graph.items() if "filename_prefix" in body.get("inputs", {})}
    return bool(writers) and writers <= (finished.cached or frozenset())


def _video(prefix: str, finished: Finished, timings: Timings) -> FileRef | Outcome:
    refs = [ref for node in finished.outputs.values() for ref in node]
    folder, _, stem = prefix.rpartition("/")
    name = re.compile(rf"{re.escape(stem)}_\d+(-audio)?\.mp4")  # what VHS_VideoCombine makes of the prefix
    ours = [ref for ref in refs if ref.subfolder == folder and name.fullmatch(ref.filename)]
    if ours:
        return max(ours, key=lambda ref: ref.filename.endswith("-audio.mp4"))  # the one with sound
    names = ", ".join(plain(ref.filename, 80) for ref in refs[:4]) or "no file"
    return Outcome("corrupt", "download", f"no MP4 of this attempt ({stem}_…) among the outputs: {names}", timings)


def _failed(failure: Failure, timings: Timings) -> Outcome:
    where = f"{failure.class_type} (node {failure.node})" if failure.class_type else "the server"
    stage = stage_of(failure.class_type)
    if failure.kind == "interrupted":
        return Outcome("cancelled", stage, f"somebody interrupted it on the server, in {where}", timings)
    status: Status = "out_of_memory" if failure.kind == "out_of_memory" else "node_error"
    return Outcome(status, stage, f"{where}: {failure.message}", timings, detail=failure.traceback)


def stage_of(class_type: str) -> Stage:
    """The stage in which a node class works.

    >>> stage_of("WanVideoSampler"), stage_of("WanVideoModelLoader"), stage_of("VHS_VideoCombine"), stage_of("")
    ('sample', 'load', 'encode', 'node')
    """
    return next((stage for pattern, stage in _STAGES if re.search(pattern, class_type)), "node")
