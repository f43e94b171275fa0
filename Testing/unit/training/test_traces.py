"""What a run really drew is written with it, goes on exactly after a stop, and steers the yoked control."""

from __future__ import annotations

from dataclasses import replace

import builders_run
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("monai")

from CLIPSLib.training.run import train  # noqa: E402
from CLIPSLib.training.run_folder import RunFolder  # noqa: E402
from CLIPSLib.training.tables import read_table  # noqa: E402
from CLIPSLib.training.telling import QuietRun  # noqa: E402
from CLIPSLib.training.traces import read_trace  # noqa: E402

pytestmark = pytest.mark.slow


class StopsAt(QuietRun):
    """A follower who asks for a stop after some step."""

    def __init__(self, step: int) -> None:
        self._left = step

    def progress(self, stage: str, fraction: float) -> None:
        pass

    def caution(self, caution) -> None:
        pass

    def check(self) -> None:
        pass

    def take_stop_request(self) -> bool:
        self._left -= 1
        return self._left == 0


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    return builders_run.cases(tmp_path_factory.mktemp("images"), train=9)


def self_paced(folder, cases) -> RunFolder:
    options = {"warm_up": 0.0, "lag": 1, "update_every": 1, "minimum_pool": 2, "start": 0.3, "momentum": 0.0}
    changes = {"curriculum__name": "self-paced", "curriculum__options": options, "training__steps": 12}
    return builders_run.run(folder, case_list=cases, **changes)


def test_the_trace_counts_every_patch_that_the_table_of_steps_names(cases, tmp_path):
    made = self_paced(tmp_path / "run", cases)
    train(made.path)
    trace = read_trace(made.trace)
    named = [case for row in read_table(made.metrics) for case in row["cases"].split()]
    assert {case: named.count(case) for case in trace.draws} == dict(trace.draws)
    assert sum(row.draws for row in trace.rows) == len(named) == 24


class Follows(StopsAt):
    """A follower that keeps what is told."""

    def __init__(self) -> None:
        super().__init__(-1)
        self.cautions, self.events = [], []

    def caution(self, caution) -> None:
        self.cautions.append(caution.code)

    def event(self, name, **fields) -> None:
        self.events += [fields] if name == "curriculum" else []


def test_a_run_says_in_which_order_it_will_draw_and_what_to_beware_of(cases, tmp_path):
    scored = replace(cases, cases=tuple(replace(case, score=1.0) for case in cases.cases))
    options = {"quarantine": ["case-0"], "minimum_pool": 2}
    changes = {"curriculum__name": "transfer-teacher", "curriculum__options": options, "training__steps": 2}
    made, follower = builders_run.run(tmp_path / "run", case_list=scored, **changes), Follows()
    train(made.path, follower)
    trace, (event,) = read_trace(made.trace), follower.events
    assert (trace.curriculum, trace.quarantined, len(trace.order)) == ("transfer-teacher", ("case-0",), 5)
    assert event["first"] == list(trace.order) and event["quarantined"] == ["case-0"]
    assert event["fingerprint"] == trace.fingerprint
    assert "scores-equal" in follower.cautions


def test_stopped_and_resumed_the_trace_is_that_of_a_run_without_a_stop(cases, tmp_path):
    whole, broken = self_paced(tmp_path / "whole", cases), self_paced(tmp_path / "broken", cases)
    train(whole.path)
    assert train(broken.path, StopsAt(5))["state"] == "stopped"
    train(broken.path)
    assert read_trace(broken.trace) == read_trace(whole.trace)


def test_the_yoked_control_repeats_the_pool_sizes_that_a_self_paced_run_had(cases, tmp_path):
    leading = self_paced(tmp_path / "leading", cases)
    train(leading.path)
    sizes = read_trace(leading.trace).pool_sizes
    assert len(sizes) > 2
    following = builders_run.run(
        tmp_path / "following",
        case_list=cases,
        training__steps=12,
        curriculum__name="yoked-random",
        curriculum__options={"pool_sizes": [list(entry) for entry in sizes], "minimum_pool": 1},
    )
    train(following.path)
    assert read_trace(following.trace).pool_sizes == sizes
