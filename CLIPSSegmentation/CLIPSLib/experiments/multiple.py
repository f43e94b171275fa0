"""Several planned contrasts at once: Holm's step-down correction. Called by `contrasts.py`."""

from __future__ import annotations

from collections.abc import Mapping


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p values by name (Holm 1979, Scandinavian Journal of Statistics 6:65-70).

    The k-th smallest of m is multiplied with m - k + 1, never below the one before it, never above 1.
    """
    adjusted: dict[str, float] = {}
    largest = 0.0
    for rank, name in enumerate(sorted(p_values, key=lambda key: (p_values[key], key))):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[name]))
        adjusted[name] = largest
    return adjusted
