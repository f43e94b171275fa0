"""Small cohorts for tests of curricula: cases whose number is their difficulty."""

from __future__ import annotations

from typing import Any

from CLIPSLib.curriculum import Curriculum, CurriculumCase, build_curriculum


def cohort(count: int, *, strata: str = "A", lesion_free_every: int = 0) -> list[CurriculumCase]:
    """Cases "c000", "c001", ...; strata in turn; every n-th case lesion-free; volume falls with the number."""
    return [
        CurriculumCase(
            case_id=f"c{number:03d}",
            stratum=strata[number % len(strata)],
            empty=bool(lesion_free_every) and number % lesion_free_every == 0,
            volume_ml=1000.0 - number,
        )
        for number in range(count)
    ]


def scores_of(cases: list[CurriculumCase]) -> dict[str, float]:
    """The number of a case: c000 is the easiest."""
    return {case.case_id: float(case.case_id[1:]) for case in cases}


def curriculum_of(name: str = "curriculum", count: int = 20, **options: Any) -> Curriculum:
    """A curriculum on `count` cases with scores, 100 steps, seed 0 and a pool of one case at least."""
    cases = options.pop("cases", None) or cohort(count)
    settings = {"scores": scores_of(cases), "total_steps": 100, "seed": 0, "minimum_pool": 1} | options
    if name == "yoked-random":
        settings.setdefault("pool_sizes", [[0, 5], [30, 20]])
    return build_curriculum(name, cases, **settings)
