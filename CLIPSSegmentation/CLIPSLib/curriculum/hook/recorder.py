"""The losses of cases, written down by someone else's training loop, for self-paced learning through the hook."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from CLIPSLib.errors import Failure, Refusal, UsageError


class LossRecorder:
    """Mean loss of each case in each epoch. Loss functions cannot tell it: call `record` in the loop.

    recorder.record(epoch, batch["uid"], loss_per_sample)    # one number per sample, before averaging
    """

    def __init__(self) -> None:
        self._sums: dict[int, dict[str, tuple[float, int]]] = {}

    def record(self, epoch: int, ids: Iterable[str], losses: Iterable[Any]) -> None:
        """Note the losses of samples. losses: numbers, a numpy array or a torch tensor of shape [len(ids)].

        Raises:
            UsageError: not one loss per id. Failure: a loss that is not a finite number.
        """
        listed = losses.tolist() if hasattr(losses, "tolist") else losses  # one copy from a GPU, not one per loss
        names, values = [str(case_id) for case_id in ids], [float(loss) for loss in listed]
        if len(names) != len(values):
            what = f"{len(names)} cases and {len(values)} losses were recorded"
            raise UsageError("loss-count", what, f"epoch {epoch}", "Record one loss per sample, not their mean.")
        sums = self._sums.setdefault(int(epoch), {})
        for case_id, value in zip(names, values, strict=True):
            if not math.isfinite(value):
                raise Failure("loss-not-usable", f"The loss of case '{case_id}' in epoch {epoch} is {value}")
            total, count = sums.get(case_id, (0.0, 0))
            sums[case_id] = (total + value, count + 1)

    @property
    def epochs(self) -> tuple[int, ...]:
        """The epochs of which there are losses, in order."""
        return tuple(sorted(self._sums))

    def means(self, epoch: int) -> dict[str, float]:
        """Mean loss by case in an epoch; empty where nothing was recorded."""
        return {case_id: total / count for case_id, (total, count) in sorted(self._sums.get(epoch, {}).items())}

    def state_dict(self) -> dict[str, Any]:
        """For your checkpoint, ready for JSON."""
        return {str(epoch): {i: list(entry) for i, entry in sums.items()} for epoch, sums in self._sums.items()}

    def load_state_dict(self, state: Mapping[str, Mapping[str, Sequence[float]]]) -> None:
        """Go on from a checkpoint. Raises Refusal: the state is damaged."""
        try:
            self._sums = {
                int(epoch): {case_id: (float(total), int(count)) for case_id, (total, count) in sums.items()}
                for epoch, sums in state.items()
            }
        except (AttributeError, TypeError, ValueError) as error:
            raise Refusal("damaged-state", f"The recorded losses cannot be read: {error!r}") from error
