"""An SUV factor as lines of text that a reader can check with a pocket calculator. Called by reports and `clips`."""

from __future__ import annotations

from CLIPSLib.study.types import SuvAlternative, SuvFactor, SuvInput


def explain_suv(suv: SuvFactor) -> tuple[str, ...]:
    """The formula with its numbers, where each number came from, the alternatives, and the cautions; line by line."""
    lines = [suv.formula]
    lines.extend(f"  {_input(used)}" for used in suv.inputs)
    lines.extend(f"  not used: {_alternative(suv, other)}" for other in suv.alternatives)
    lines.extend(f"  Caution: {caution}" for caution in suv.cautions)
    return tuple(lines)


def _input(used: SuvInput) -> str:
    value = f"{used.value:.12g}" if isinstance(used.value, float) else str(used.value)
    unit = f" {used.unit}" if used.unit else ""
    source = f"   [{used.source}]" if used.source else ""
    return f"{used.name} = {value}{unit}{source}"


def _alternative(suv: SuvFactor, other: SuvAlternative) -> str:
    if other.factor is None:
        return other.description
    change = f" ({100.0 * (other.factor / suv.factor - 1.0):+.2f} %)" if suv.factor else ""
    return f"{other.factor:.8g}{change} by {other.description}"
