"""An SUV factor as lines of text that a reader can check with a pocket calculator. Called by reports and `clips`."""

from __future__ import annotations

from CLIPSLib.study.types import SuvFactor, SuvInput


def explain_suv(suv: SuvFactor) -> tuple[str, ...]:
    """The formula with its numbers, where each number came from, the alternatives, and the cautions; line by line."""
    lines = [suv.formula]
    lines.extend(f"  {_input(used)}" for used in suv.inputs)
    lines.extend(_alternative(suv, other.factor, other.description) for other in suv.alternatives)
    lines.extend(f"  Caution: {caution}" for caution in suv.cautions)
    return tuple(lines)


def _input(used: SuvInput) -> str:
    value = f"{used.value:.12g}" if isinstance(used.value, float) else str(used.value)
    unit = f" {used.unit}" if used.unit else ""
    source = f"   [{used.source}]" if used.source else ""
    return f"{used.name} = {value}{unit}{source}"


def _alternative(suv: SuvFactor, factor: float, description: str) -> str:
    if suv.factor is None:
        return f"  not used: {factor:.8g} by {description}"
    change = 100.0 * (factor / suv.factor - 1.0)
    return f"  not used: {factor:.8g} ({change:+.2f} %) by {description}"
