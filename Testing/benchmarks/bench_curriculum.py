"""What a curriculum costs per training step: plan, draw, loss weights, observe and trace, for 600 cases.

Run it directly: `python Testing/benchmarks/bench_curriculum.py`. A training step takes 100 ms and more; below 1 ms a
curriculum costs less than 1 %. The last columns: a state for the checkpoint, and its size.
"""

from __future__ import annotations

import json
import time

CASES, STEPS, BATCH = 600, 20_000, 2


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


if __name__ == "__main__":
    main()
