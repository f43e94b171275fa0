"""Scores of parts that were judged by different networks, brought to one level. Called where reviewers score cases.

In a cross-review each part of the cases is scored by a network of its own, and some networks are better than others:
their whole part then looks easier. How much of the difference between parts is the networks', and how much chance has
put easier cases into one part, is told by how much the scores differ within the parts.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def level_shifts(scores: Mapping[str, float], parts: Mapping[str, int]) -> dict[int, float]:
    """Part -> what its network scores too high; subtract it from the scores of its part.

    The best linear unbiased prediction in the one-way random-effects model x_ij = mu + u_j + e_ij of part j and case i
    (Searle, Casella and McCulloch, Variance Components, 1992), with the variances of the analysis of variance: with
    n_j cases of mean m_j in part j,

        u_j = s_u^2 / (s_u^2 + s_e^2 / n_j) (m_j - mu),  s_e^2 = MSW,  s_u^2 = max(0, (MSB - MSW) / n_0)

    so that parts which differ no more than chance would have it stay as they are. All 0 where that cannot be told: one
    part, or one case in each.
    """
    members = {part: np.array([scores[i] for i in scores if parts[i] == part]) for part in set(map(parts.get, scores))}
    counts = {part: len(values) for part, values in members.items()}
    total = sum(counts.values())
    if len(members) < 2 or total == len(members):
        return dict.fromkeys(members, 0.0)
    mean = sum(values.sum() for values in members.values()) / total
    within = sum(((values - values.mean()) ** 2).sum() for values in members.values()) / (total - len(members))
    between = sum(counts[part] * (v.mean() - mean) ** 2 for part, v in members.items()) / (len(members) - 1)
    typical = (total - sum(n**2 for n in counts.values()) / total) / (len(members) - 1)
    networks = max(0.0, (between - within) / typical)
    if networks == 0.0:
        return dict.fromkeys(members, 0.0)
    shrinking = {part: networks / (networks + within / counts[part]) for part in members}
    level = _weighted_mean({part: values.mean() for part, values in members.items()}, shrinking)
    return {part: float(shrinking[part] * (values.mean() - level)) for part, values in sorted(members.items())}


def at_one_level(scores: Mapping[str, float], parts: Mapping[str, int]) -> dict[str, float]:
    """The scores without what is their network's; the order within a part does not change."""
    shifts = level_shifts(scores, parts)
    return {case: score - shifts[parts[case]] for case, score in scores.items()}


def _weighted_mean(values: Mapping[int, float], weights: Mapping[int, float]) -> float:
    return sum(weights[part] * value for part, value in values.items()) / sum(weights.values())
