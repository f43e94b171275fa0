"""The curricula by name, as data: what each is made of, its formula, source, cost and pitfalls.

Read by `catalog`, which builds them, and shown by `clips curriculum explain`. A method to come (DIHCL, a bandit over
difficulty buckets, progressive patch size, curriculum by smoothing, mean teacher) is a new entry here, with a class
of its own where a pool or self-paced learning cannot express it: docs/curriculum.md, "Adding a method". SuperLoss is
left out: a patent application (US 2022/0114444) covers it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from CLIPSLib.curriculum.options import OversamplingOptions, PoolOptions, SelfPacedOptions, SharedOptions
from CLIPSLib.curriculum.ordering import ANTI, CURRICULUM, RANDOM, SIZE

_HACOHEN = "Hacohen and Weinshall, ICML 2019"
_SURVEY = "Wang, Chen and Zhu, IEEE TPAMI 2022"
_GROWING = "entropy grows, no case is ever removed, ends at the full set: a curriculum as Bengio et al. define it"
_NO_COST = "none per step; the order is made once"
_LATE = "the pool halves the draws of the hardest tenth: choose full_at <= 0.4, look at the exposure"


@dataclass(frozen=True, kw_only=True)
class Method:
    """A curriculum as it is listed and explained.

    ordering: how cases are ranked (`ordering.ORDERINGS`). pacing: the default one; the only one where `pacing_fixed`.
    options: class of its own options. defaults: where they differ from the class. preset: ready to be compared;
    the others are the plain methods of the literature and controls.
    """

    name: str
    title: str
    what: str
    formula: str
    source: str
    cost: str
    pitfalls: tuple[str, ...]
    conditions: str
    ordering: str
    pacing: str
    pacing_fixed: bool = False
    options: type[SharedOptions] = PoolOptions
    defaults: Mapping[str, Any] = field(default_factory=dict)
    needs_scores: bool = False
    needs_losses: bool = False
    preset: bool = False


_SELF_PACED_PITFALLS = (
    "confirms itself: what the young network finds hard stays unseen; it was the worst arm but one in the PET study of "
    "Yousefirizi et al. 2022 (Dice 0.63 against 0.72 for random order)",
    "training losses of random patches favor big lesions; probe crops in evaluation mode are better",
    "a case that is not drawn keeps its old loss unless probe crops refresh it",
)

_ALL = (
    Method(
        name="vanilla",
        title="no curriculum",
        what="all cases, uniformly, at all times",
        formula="Q_t = uniform",
        source="standard practice",
        cost="none",
        pitfalls=("the reference: any curriculum must beat it at equal steps",),
        conditions="not a curriculum: the distribution never changes",
        ordering=RANDOM,
        pacing="none",
        pacing_fixed=True,
        preset=True,
    ),
    Method(
        name="random-order",
        title="random order, same pacing",
        what="the pool grows as in the curriculum, but in an order drawn from the seed",
        formula="Q_t = uniform over the first n(t) cases of a random permutation",
        source="Wu, Dyer and Neyshabur, ICLR 2021",
        cost=_NO_COST,
        pitfalls=("the control without which an effect of the order cannot be told from that of the growing pool",),
        conditions=_GROWING,
        ordering=RANDOM,
        pacing="root-p",
        preset=True,
    ),
    Method(
        name="transfer-teacher",
        title="transfer teacher",
        what="easiest first, by how well a network trained elsewhere segments each case",
        formula="d_i = mean percentile of 1 - Dice, missed lesions and false positive volume of the teacher",
        source=f"Weinshall, Cohen and Amir, ICML 2018; {_HACOHEN}",
        cost="one inference per case, once; none per step",
        pitfalls=(
            "a teacher that was trained on these cases finds all of them easy",
            "a wrong SUV makes a case 'hard': check the data first",
            "Dice alone calls big tumors easy and small lesions hard",
            _LATE,
        ),
        conditions=_GROWING,
        ordering=CURRICULUM,
        pacing="root-p",
        needs_scores=True,
        preset=True,
    ),
    Method(
        name="bootstrapping",
        title="bootstrapping by cross-review",
        what="easiest first, by networks trained on the other folds without a curriculum",
        formula="d_i = mean loss of the final networks that did not see case i",
        source=f"{_HACOHEN}; cross review in the survey of {_SURVEY}",
        cost="K trainings at a quarter of the budget, once (K = 4: one more training); none per step",
        pitfalls=(
            "scores from a network that saw the case rank what it memorized",
            "the folds must lie inside the training fold: one table of scores per outer fold",
            _LATE,
        ),
        conditions=_GROWING,
        ordering=CURRICULUM,
        pacing="root-p",
        needs_scores=True,
        preset=True,
    ),
    Method(
        name="self-paced",
        title="self-paced learning",
        what="the cases that the network in training finds easy, more of them as it goes",
        formula="min over w, v of sum v_i l_i + f(v; lambda); lambda = halfway from the loss at rank n(t) to the next",
        source=f"Kumar, Packer and Koller, NeurIPS 2010; {_SURVEY}",
        cost="none with training losses; probe crops (4 per case every 5 epochs) about 0.1 epoch per epoch",
        pitfalls=_SELF_PACED_PITFALLS,
        conditions="ends at the full set; entropy grows with the pacing function, but single cases may leave the pool",
        ordering=RANDOM,
        pacing="linear",
        options=SelfPacedOptions,
        defaults={"regularizer": "linear"},
        needs_losses=True,
        preset=True,
    ),
    Method(
        name="anti",
        title="anti-curriculum",
        what="hardest first, with the pacing of the curriculum",
        formula="Q_t = uniform over the first n(t) cases by falling difficulty",
        source=f"{_HACOHEN}; Wu, Dyer and Neyshabur, ICLR 2021",
        cost=_NO_COST,
        pitfalls=("broken cases come first: quarantine them", "the worst arm in most comparisons read"),
        conditions="the three formal conditions hold (entropy, growth, full set); they say nothing of easy and hard",
        ordering=ANTI,
        pacing="root-p",
        needs_scores=True,
        preset=True,
    ),
    Method(
        name="curriculum",
        title="curriculum by given scores",
        what="easiest first, by any table of scores: a rating by people, a measure of the lesions, a combination",
        formula="Q_t = uniform over the first n(t) cases by rising difficulty",
        source="Bengio et al., ICML 2009",
        cost=_NO_COST,
        pitfalls=("with a score that hardly predicts Dice it is the random order", _LATE),
        conditions=_GROWING,
        ordering=CURRICULUM,
        pacing="root-p",
        needs_scores=True,
    ),
    Method(
        name="baby-step",
        title="baby step",
        what="buckets from easy to hard, each added to those before",
        formula="stage j draws from B1 + ... + Bj",
        source="Bengio et al., ICML 2009; Spitkovsky et al., NAACL 2010",
        cost=_NO_COST,
        pitfalls=("jumps: a whole bucket of hard cases arrives at once", _LATE),
        conditions=_GROWING,
        ordering=CURRICULUM,
        pacing="baby-step",
        pacing_fixed=True,
        needs_scores=True,
    ),
    Method(
        name="one-pass",
        title="one-pass",
        what="buckets from easy to hard, each alone",
        formula="stage j draws from Bj only",
        source="Bengio et al., ICML 2009",
        cost=_NO_COST,
        pitfalls=("forgets, and ends on the hardest bucket alone",),
        conditions="dynamic sampling: cases are removed and the run does not end at the full set",
        ordering=CURRICULUM,
        pacing="one-pass",
        pacing_fixed=True,
        needs_scores=True,
    ),
    Method(
        name="competence",
        title="competence-based learning",
        what="cases whose difficulty percentile is below the competence c(t)",
        formula="Q_t = uniform over r_i <= c(t), c(t) = sqrt(c0^2 + (1 - c0^2) s)",
        source="Platanios et al., NAACL 2019",
        cost=_NO_COST,
        pitfalls=("root-p with p = 2 and c0 = 0.01: no engine of its own", _LATE),
        conditions=_GROWING,
        ordering=CURRICULUM,
        pacing="competence",
        pacing_fixed=True,
        needs_scores=True,
    ),
    Method(
        name="size-only",
        title="by size only",
        what="largest tumor volume first",
        formula="d_i = -TMTV_i",
        source="control: does the measurer know more than the volume?",
        cost=_NO_COST,
        pitfalls=("a huge volume can be diffuse and hard too", _LATE),
        conditions=_GROWING,
        ordering=SIZE,
        pacing="root-p",
    ),
    Method(
        name="hard-oversampled",
        title="hard cases oversampled",
        what="all cases at all times, the harder the more often",
        formula="p_i ~ (rank_i / N)^gamma",
        source="hard-example mining; the natural competitor where hard patients are what matters",
        cost=_NO_COST,
        pitfalls=("wrong masks look hard and are drawn most: quarantine them",),
        conditions="not a curriculum: dynamic sampling with a constant distribution",
        ordering=CURRICULUM,
        pacing="none",
        pacing_fixed=True,
        options=OversamplingOptions,
        defaults={"interleave": False},  # ranks over all cases, not within a stratum
        needs_scores=True,
    ),
    Method(
        name="self-paced-diverse",
        title="self-paced learning with diversity",
        what="self-paced learning that takes the easiest of each stratum first",
        formula="take the i-th of a stratum if l < lambda + gamma / (sqrt(i) + sqrt(i - 1))",
        source="Jiang et al., NeurIPS 2014",
        cost="as self-paced",
        pitfalls=(
            "with one stratum it is self-paced learning with another threshold",
            "the pool is larger than n(t): all thresholds lie above lambda",
            *_SELF_PACED_PITFALLS,
        ),
        conditions="as self-paced",
        ordering=RANDOM,
        pacing="linear",
        options=SelfPacedOptions,
        defaults={"regularizer": "hard", "diversity": 0.1},
        needs_losses=True,
    ),
    Method(
        name="yoked-random",
        title="yoked random control",
        what="random order with the pool sizes that another run had at the same steps",
        formula="Q_t = uniform over the first n(t) of a random permutation, n(t) from a trace",
        source="the control for self-paced learning: same sizes at the same times, no choice by loss",
        cost=_NO_COST,
        pitfalls=("needs the trace of the run that it controls",),
        conditions="as the run that it repeats",
        ordering=RANDOM,
        pacing="replayed",
        pacing_fixed=True,
    ),
    Method(
        name="foreground",
        title="lesions first, inside the patient",
        what="all cases at all times; patches centered on lesions first, then as usual",
        formula="p_fg(t) = p1 + (p0 - p1)(1 - s)",
        source="CASED: Jesson et al., MICCAI 2017",
        cost="none",
        pitfalls=("too long at p0 = 1 the network never sees physiological uptake alone: false positives",),
        conditions="acts on patches, not on cases",
        ordering=RANDOM,
        pacing="none",
        pacing_fixed=True,
        defaults={"foreground_start": 1.0},
    ),
)

METHODS = {method.name: method for method in _ALL}
