"""Opening, listing, filtering and stepping through a registry of 600 cases: `python bench_cases.py [--cases N]`.

Images are tiny, since reading them is measured elsewhere; rows are as many as after a year of work: five masks, three
reviews and two ratings a case, with the provenance that a network writes. Medians of several runs, in milliseconds.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import builders_registry as builders
from CLIPSLib.cases import CaseQuery, Registry, make_split

RUNS = 11
LIMIT_MS = 200.0
READERS, RATERS, MODELS = ("GW", "AB", "ZÉ"), ("GW", "AB"), ("suv4", "tmtvnet", "net-1", "net-2", "net-3")
STATUSES = ("flagged", "corrected", "accepted", "skipped")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=600)
    count = parser.parse_args().cases
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "cases"
        started = time.perf_counter()
        fill(folder, count)
        size_mb = (folder / "registry.sqlite").stat().st_size / 2**20
        print(f"{count} cases filled in {time.perf_counter() - started:.0f} s; database {size_mb:.1f} MB")
        slowest = max(show(name, work) for name, work in stages(folder).items())
    print(f"slowest {slowest:.1f} ms; limit {LIMIT_MS:.0f} ms")
    sys.exit(slowest > LIMIT_MS)


def fill(folder: Path, count: int) -> None:
    """Make the registry. Every case has masks of the same content, which is kept once."""
    study = builders.study()
    lesions = [(slice(z, z + 1), slice(y, y + 1), slice(0, 2)) for z in range(6) for y in range(0, 8, 2)]
    facts = {"parameters": {f"option_{n}": n / 7 for n in range(30)}, "notes": "x" * 400}
    with Registry.create(folder) as registry:
        for number in range(count):
            case = registry.add_case(
                builders.study(number, with_ct=False), source="benchmark", stratum=f"center {number % 4}"
            )
            with registry.together():
                for model in MODELS:
                    segmentation = builders.mask(study, *lesions, model=model)
                    segmentation = replace(segmentation, provenance={**segmentation.provenance, **facts})
                    mask = registry.add_mask(case.case_id, segmentation, origin="predicted", author="GW")
                registry.set_reference(case.case_id, mask.id, author="GW")
                for reader in READERS:
                    registry.review(case.case_id, status=STATUSES[number % 4], reader=reader, comment="Foie normal")
                for rater in RATERS:
                    registry.rate(case.case_id, rater=rater, score=1 + number % 5)


def stages(folder: Path) -> dict[str, Callable[[], object]]:
    registry = Registry.open(folder)
    ids = [row.case_id for row in registry.cases()]
    step = iter(ids * RUNS)
    scores = {case_id: number / len(ids) for number, case_id in enumerate(ids)}
    return {
        "open and check": lambda: Registry.open(folder).close(),
        "list all": registry.cases,
        "list as a blinded rater": lambda: registry.cases(CaseQuery(viewer="ZÉ", scores=scores)),
        "filter flagged": lambda: registry.cases(CaseQuery(status="flagged")),
        "search text": lambda: registry.cases(CaseQuery(text="foie")),
        "filter everything": lambda: registry.cases(
            CaseQuery(reader="GW", model="net-2", has_reference=True, difficulty=(3, 5), stratum="center 2")
        ),
        "next case": lambda: next_case(registry, next(step)),
        "add a review": lambda: registry.review(next(step), status="accepted", reader="GW"),
        "rate": lambda: registry.rate(next(step), rater="ZÉ", score=3),
        "counts": registry.counts,
        "split in 5 folds": lambda: make_split(registry.cases(), folds=5, seed=1),
    }


def next_case(registry: Registry, case_id: str) -> object:
    """What the panel asks for when it goes to a case, apart from images."""
    return (
        registry.case(case_id),
        registry.files(case_id),
        registry.masks(case_id),
        registry.reference(case_id),
        registry.reviews(case_id, viewer="GW"),
        registry.ratings(case_id, viewer="GW"),
        registry.read_draft(case_id, "GW"),
    )


def show(name: str, work: Callable[[], object]) -> float:
    """Run and print a stage; its median in ms."""
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
    median = statistics.median(times)
    print(f"{name:26}{median:8.1f} ms   ({min(times):.1f} to {max(times):.1f})", flush=True)
    return median


if __name__ == "__main__":
    main()
