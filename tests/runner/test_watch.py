"""Events to progress and timings, on the moments of a run that a real server made (two windows of four steps)."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.progress import Shape, shape_of
from runner.watch import Watch
from workflow.graph import load_graph
from workflow.windows import Windows

STEPS = [29.555, 33.375, 37.212, 41.103, 48.49, 52.336, 56.189, 60.058]
NODES = [(0.018, "6"), (0.052, "1"), (3.281, "13"), (3.511, "14"), (62.251, "15"), (62.312, "16")]


def real_run() -> list[tuple[float, str, dict[str, object]]]:
    """Time, type and data: the sampler counts 1,633 weights, then 8 of an estimated 12 steps."""
    run: list[tuple[float, str, dict[str, object]]] = [(0.005, "execution_start", {})]
    run += [(at, "executing", {"node": node}) for at, node in NODES[:4]]
    run += [(at, "progress", {"node": "14", "value": done, "max": 1633}) for at, done in ((8.885, 1), (9.104, 1633))]
    run += [(at, "progress", {"node": "14", "value": k, "max": 12}) for k, at in enumerate(STEPS, start=1)]
    run += [(at, "executing", {"node": node}) for at, node in NODES[4:]]
    run += [(64.559, "execution_success", {}), (64.56, "executing", {"node": None})]
    return run


def watch_of(run: list[tuple[float, str, dict[str, object]]], shape: Shape) -> Watch:
    now = [0.0]
    watch = Watch(shape, clock=lambda: now[0])
    for at, kind, data in run:
        now[0] = at
        watch.event(kind, data)
    return watch


@pytest.fixture
def shape() -> Shape:
    return shape_of(load_graph(), Windows(window=81, motion_frame=9, requested=153))


def test_the_shape_of_the_shipped_graph(shape: Shape) -> None:
    assert (shape.sampler, shape.loader, shape.steps, shape.windows) == ("14", "13", 4, 2)
    assert 12 in shape.estimates, "one window more than there are is what the server counts"


def test_timings_of_a_real_run(shape: Shape) -> None:
    timings = watch_of(real_run(), shape).timings(posted=-1.0, cached=frozenset(), seconds=None)
    assert timings.total_s == pytest.approx(64.554)
    assert timings.queue_s == pytest.approx(1.005)
    assert timings.sample_s == pytest.approx(62.251 - 3.511)
    assert timings.window_s[1] == pytest.approx(60.058 - 41.103), "a steady window carries decode and encode"
    assert timings.load_s is not None and timings.load_s + timings.window_s[0] == pytest.approx(
        41.103 - 3.281, abs=1e-3
    )
    assert (timings.cold, timings.cached) == (True, False)
    assert dict(timings.node_s)["16 VHS_VideoCombine"] == pytest.approx(64.559 - 62.312)


def test_steps_are_told_apart_and_a_windows_first_is_not_known(shape: Shape) -> None:
    timings = watch_of(real_run(), shape).timings(posted=None, cached=frozenset(), seconds=None)
    first, second = timings.step_s
    assert first[0] is None and second[0] is None
    assert first[1:] == pytest.approx([b - a for a, b in itertools.pairwise(STEPS[:4])])
    assert second[1:] == pytest.approx([b - a for a, b in itertools.pairwise(STEPS[4:])])
    assert timings.slow == ()


def test_a_step_that_spills_is_flagged(shape: Shape) -> None:
    late = [(at + 30 * (at > STEPS[1]), kind, data) for at, kind, data in real_run()]
    (slow,) = watch_of(late, shape).timings(posted=None, cached=frozenset(), seconds=None).slow
    assert (slow.window, slow.step) == (1, 3) and slow.times > 3


def test_beginning_and_end_are_told_by_events_only(shape: Shape) -> None:
    assert watch_of(real_run(), shape).span == (0.005, 64.559)
    assert Watch(shape).span == (None, None)


def test_a_warm_run_loads_nothing(shape: Shape) -> None:
    run = [one for one in real_run() if one[2].get("node") not in ("13", "6", "1")]
    timings = watch_of(run, shape).timings(posted=None, cached=frozenset({"13", "6", "1"}), seconds=64.0)
    assert (timings.cold, timings.queue_s, timings.total_s) == (False, None, 64.0)


def test_silence_leaves_everything_unknown(shape: Shape) -> None:
    timings = Watch(shape).timings(posted=1.0, cached=None, seconds=None)
    assert (timings.queue_s, timings.load_s, timings.sample_s, timings.total_s) == (None, None, None, None)
    assert (timings.window_s, timings.cold, timings.cached) == ((), None, None)


def test_progress_tells_window_and_step(shape: Shape) -> None:
    watch = watch_of(real_run()[:11], shape)
    progress = watch.take()
    assert progress is not None
    assert (progress.phase, progress.window, progress.windows, progress.step, progress.steps) == (
        "sampling",
        1,
        2,
        4,
        4,
    )
    assert watch.take() is None
    loading = watch_of(real_run()[:6], shape).take()
    assert loading is not None and loading.phase == "loading"


@given(st.integers(1, 9), st.integers(1, 12), st.sampled_from([9, 13, 15, 17, 25]))
def test_every_step_of_every_window_has_its_place(steps: int, extra: int, motion_frame: int) -> None:
    graph = load_graph()
    graph["14"]["inputs"]["steps"] = steps
    windows = Windows(window=81, motion_frame=motion_frame, requested=81 + 40 * extra)
    shape = shape_of(graph, windows)
    estimate = steps * (windows.requested // windows.stride + 1)
    places = [shape.step_of(value, estimate) for value in range(1, steps * windows.count + 1)]
    assert places == [(w, s) for w in range(1, windows.count + 1) for s in range(1, steps + 1)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["executing", "progress", "execution_start", "x"]),
            st.dictionaries(
                st.sampled_from(["node", "value", "max"]), st.none() | st.integers() | st.text(max_size=2) | st.floats()
            ),
        )
    )
)
def test_no_event_breaks_the_watch(events: list[tuple[str, dict[str, object]]]) -> None:
    shape = shape_of(load_graph(), Windows(window=81, motion_frame=9, requested=153))
    watch = watch_of([(float(at), kind, data) for at, (kind, data) in enumerate(events)], shape)
    watch.take()
    watch.timings(posted=0.0, cached=frozenset(), seconds=None)
