"""What a curriculum costs per training step: plan, draw, loss weights, observe and trace, for 600 cases.

Run it directly: `python Testing/benchmarks/bench_curriculum.py`. The first table: alone; a training step takes 100 ms
and more, so that below 1 ms a curriculum costs less than 1 %. Its last columns: a state for the checkpoint, and its
size. The second table: within real trainings of a tiny network on the CPU, whose steps are far shorter than anybody's;
and what probe crops cost there.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # builders of small cases

CASES, STEPS, BATCH = 600, 20_000, 2
TRAINED_CASES, TRAINED_STEPS, PROBE_EVERY, PROBE_CROPS = 12, 60, 20, 4


def main() -> None:
    from CLIPSLib.curriculum import CurriculumCase, list_curricula

    cases = [
        CurriculumCase(case_id=f"case{i:04d}", stratum="ABC"[i % 3], empty=i % 5 == 0, volume_ml=float(i + 1))
        for i in range(CASES)
    ]
    print(f"{CASES} cases, {STEPS} steps, batches of {BATCH}")
    print(f"{'curriculum':22}{'build':>9}{'step':>10}{'with trace':>12}{'slowest':>10}{'state':>9}{'size':>9}")
    for method in list_curricula():
        measure(method.name, cases)
    measure("self-paced", cases, update_every=1)
    print(f"\nWithin {TRAINED_STEPS} steps of a real training, {TRAINED_CASES} cases, one thread")
    print(f"{'curriculum':22}{'step':>10}{'curriculum':>12}{'share':>9}{'probe':>11}{'share':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("vanilla", "curriculum", "self-paced"):
            in_training(name, Path(folder))


def measure(name: str, cases: list, **options) -> None:
    """Run one curriculum over all steps and print its line."""
    from CLIPSLib.curriculum import DrawTrace, build_curriculum, draw_ids

    if name == "yoked-random":
        options["pool_sizes"] = [[0, 100], [STEPS // 2, 480]]
    scores = {case.case_id: float(i) for i, case in enumerate(cases)}
    start = time.perf_counter()
    curriculum = build_curriculum(name, cases, scores=scores, total_steps=STEPS, seed=0, **options)
    build_ms = 1e3 * (time.perf_counter() - start)
    trace = DrawTrace(curriculum.description, cases, scores=scores, steps_per_row=250)
    losses = [0.5, 0.7]
    alone, traced, slowest = 0.0, 0.0, 0.0
    for step in range(STEPS):
        start = time.perf_counter()
        draw = curriculum.plan(step)
        ids = draw_ids(draw, step, 0, BATCH)
        draw.loss_weights_of(ids)
        curriculum.observe(step, ids, losses)
        spent = time.perf_counter() - start
        trace.record(step, draw, ids)
        alone, traced, slowest = alone + spent, traced + time.perf_counter() - start, max(slowest, spent)
    start = time.perf_counter()
    text = json.dumps(curriculum.state_dict())
    state_ms = 1e3 * (time.perf_counter() - start)
    label = " ".join([name, *(f"{key}={value}" for key, value in options.items() if key != "pool_sizes")])
    print(
        f"{label:22}{build_ms:6.1f} ms{1e3 * alone / STEPS:7.3f} ms{1e3 * traced / STEPS:9.3f} ms"
        f"{1e3 * slowest:7.1f} ms{state_ms:6.1f} ms{len(text) / 1024:6.1f} kB"
    )


class Timed:
    """A curriculum and its trace with a clock: everything that the engine asks of them counts."""

    def __init__(self, inner: Any, clock: list[float]) -> None:
        self._inner, self._clock = inner, clock

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if name not in ("plan", "observe", "record"):
            return value

        def timed(*given: Any) -> Any:
            start = time.perf_counter()
            given = tuple(one._inner if isinstance(one, Timed) else one for one in given)
            try:
                return value(*given)
            finally:
                self._clock[0] += time.perf_counter() - start

        return timed


class Probes:
    """A reporter of runs that adds up the seconds of probes."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def event(self, name: str, **facts: Any) -> None:
        self.seconds += facts["seconds"] if name == "probe" else 0.0

    def tell(self, facts: Any) -> None:
        """Nobody listens."""

    progress = caution = check = lambda *given: None
    take_checkpoint_request = take_stop_request = lambda self: False


def in_training(name: str, folder: Path) -> None:
    """Train a tiny network under one curriculum and print what of its steps the curriculum took."""
    import builders_run
    import torch
    from CLIPSLib.training import run as run_module
    from CLIPSLib.training.overrides import with_values

    torch.set_num_threads(1)
    clock, probes, build = [0.0], Probes(), run_module.build_curriculum
    traced = run_module.DrawTrace
    run_module.build_curriculum = lambda *given, **named: Timed(build(*given, **named), clock)
    run_module.DrawTrace = lambda *given, **named: Timed(traced(*given, **named), clock)
    listed = builders_run.cases(folder / "images" / name, train=TRAINED_CASES)
    scored = tuple(run_module.replace(case, score=float(case.case_id[5:])) for case in listed.cases)
    values = {"training.steps": TRAINED_STEPS, "curriculum.name": name, "checkpoint.steps": 0}
    values |= {"curriculum.probe_every": PROBE_EVERY, "curriculum.probe_crops": PROBE_CROPS}
    recipe = with_values(builders_run.TINY, values)
    made = builders_run.run(folder / name, case_list=run_module.replace(listed, cases=scored), recipe=recipe)
    try:
        run_module.train(made.path, probes)
    finally:
        run_module.build_curriculum, run_module.DrawTrace = build, traced
    rows = made.metrics.read_text(encoding="utf-8").splitlines()[1:]
    total = sum(float(row.split(",")[4]) for row in rows) - probes.seconds
    print(
        f"{name:22}{1e3 * total / len(rows):7.1f} ms{1e3 * clock[0] / len(rows):9.3f} ms{100 * clock[0] / total:7.2f} %"
        f"{1e3 * probes.seconds / len(rows):8.1f} ms{100 * probes.seconds / total:7.1f} %"
    )


if __name__ == "__main__":
    main()
