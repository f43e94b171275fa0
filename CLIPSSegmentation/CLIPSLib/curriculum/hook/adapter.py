"""`curriculum_learning`, the one line that brings a curriculum into someone else's training loop.

    current_dataset = curriculum_learning(epoch, current_dataset, global_dataset, history, losses, name="anti", ...)

Called once before each epoch. Needs nothing but numpy; data sets are recognized by what they can do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from CLIPSLib.curriculum.catalog import build_curriculum, get_method
from CLIPSLib.curriculum.hook.batches import CurriculumBatches
from CLIPSLib.curriculum.hook.recorder import LossRecorder
from CLIPSLib.curriculum.hook.views import selected
from CLIPSLib.curriculum.options import SelfPacedOptions
from CLIPSLib.curriculum.sampling import draw_epoch
from CLIPSLib.curriculum.types import CurriculumCase, Draw
from CLIPSLib.errors import Refusal, UsageError

# A step of the curriculum is an epoch here; losses are means over an epoch, and the hook can change what is drawn but
# not the loss.
_BY_EPOCH = {"lag": 1}
_SELF_PACED_BY_EPOCH = {"update_every": 1, "momentum": 0.5, "apply": "probability"}


def curriculum_learning(
    epoch: int,
    current_dataset: Any,
    global_dataset: Any,
    history: Any,
    losses: Any,
    *,
    name: str,
    total_epochs: int,
    seed: int,
    cases: Sequence[CurriculumCase | str] | None = None,
    scores: Mapping[str, float] | None = None,
    recorder: LossRecorder | None = None,
    split: str = "train",
    id_key: str = "uid",
    case_of: Callable[[Any], str] = str,
    rebuild: Callable[[str, Any, Sequence[str]], Any] | None = None,
    **options: Any,
) -> Any:
    """The data set to train with in this epoch; nothing that is given is changed.

    global_dataset: all training data, one of
        - a list or tuple of paths, or any data set with `__len__` and `__getitem__`: gives a list or a view of the
          same length, with the cases of this epoch as often as they are to be drawn;
        - `{dataset: {split: iterable of batches}}` as TMTV-Net's `run_trainer` takes it: gives the same with the
          split `split` thinned to the cases of this epoch (`CurriculumBatches`), the other splits as they are.
    current_dataset, history, losses: what the loop has at hand; the answer does not depend on them, so that a resumed
    run gets the same data. Per-case losses come through `recorder`: loss functions do not know cases.

    name, scores, options: as in `build_curriculum`; a step is an epoch. cases: the case of each item, in the order of
    the data set (for batches: all cases, in any order); not needed for a list of paths, which name themselves.
    recorder: self-paced learning needs it. id_key, case_of: where batches carry ids, and from such an id (recorded ones
    too) to a case id.
    rebuild: makes a split anew from (dataset name, old split, ids of the epoch), where thinning would waste loading.

    Raises:
        UsageError: unknown name or option, cases that do not fit the data set. Refusal: self-paced learning without
            recorded losses, batches without ids, a case without a score.
    """
    by_batches = isinstance(global_dataset, Mapping)
    listed = _cases(cases, None if by_batches else global_dataset)
    if rebuild is not None and not by_batches:
        raise UsageError("rebuild-not-used", "Option 'rebuild' belongs to data sets of batches")
    draw = _draw(epoch, listed, name, total_epochs, seed, scores, recorder, case_of, options)
    if not by_batches:
        index = {case.case_id: position for position, case in enumerate(listed)}
        return selected(global_dataset, [index[i] for i in draw_epoch(draw, epoch, seed, len(global_dataset))])

    def thinned(dataset: str, source: Any) -> Any:
        if rebuild is not None:
            return rebuild(dataset, source, draw_epoch(draw, epoch, seed, len(listed)))
        return CurriculumBatches(source, draw, id_key=id_key, case_of=case_of, epoch=epoch, seed=seed)

    return _with_split(global_dataset, split, thinned)


def _with_split(datasets: Mapping, split: str, change: Callable[[str, Any], Any]) -> dict:
    if not any(split in splits for splits in datasets.values()):
        found = ", ".join(sorted({str(name) for splits in datasets.values() for name in splits}))
        raise UsageError("no-such-split", f"No data set has a split '{split}' (there are: {found})")
    return {
        dataset: {name: change(dataset, source) if name == split else source for name, source in splits.items()}
        for dataset, splits in datasets.items()
    }


def _cases(cases: Sequence[CurriculumCase | str] | None, dataset: Any) -> list[CurriculumCase]:
    """The cases, in the order of the data set. dataset: None where batches are given."""
    if cases is None and isinstance(dataset, list | tuple) and all(isinstance(i, str | os.PathLike) for i in dataset):
        cases = [os.fspath(item) for item in dataset]
    if cases is None:
        what = "The items of this data set do not say which case they are"
        raise UsageError("cases-missing", what, "", "Give 'cases': the case ids, in the order of the data set.")
    if dataset is not None and len(cases) != len(dataset):
        raise UsageError("cases-do-not-fit", f"'cases' names {len(cases)} cases, the data set has {len(dataset)} items")
    return [case if isinstance(case, CurriculumCase) else CurriculumCase(case_id=str(case)) for case in cases]


def _draw(
    epoch: int,
    cases: Sequence[CurriculumCase],
    name: str,
    total_epochs: int,
    seed: int,
    scores: Mapping[str, float] | None,
    recorder: LossRecorder | None,
    case_of: Callable[[Any], str],
    options: Mapping[str, Any],
) -> Draw:
    """The draw of an epoch, from a curriculum made for this call: its whole state is the recorder's."""
    method = get_method(name)
    defaults = _BY_EPOCH | (_SELF_PACED_BY_EPOCH if issubclass(method.options, SelfPacedOptions) else {})
    if method.needs_losses and options.get("apply") == "loss-weight":
        what = "The hook changes what is drawn, not the loss: 'apply' must be 'probability'"
        raise UsageError("no-loss-weight", what, name)
    curriculum = build_curriculum(
        name, cases, scores=scores, total_steps=total_epochs, seed=seed, **(defaults | dict(options))
    )
    if method.needs_losses:
        _tell_losses(curriculum, epoch, recorder, name, case_of)
    elif curriculum.description.adaptive:
        what = "The pacing function 'performance-gated' needs validations, which the hook is not told of"
        raise UsageError("no-performance", what, name, "Choose another pacing function.")
    return curriculum.plan(epoch)


def _tell_losses(
    curriculum: Any, epoch: int, recorder: LossRecorder | None, name: str, case_of: Callable[[Any], str]
) -> None:
    recorded = [] if recorder is None else [past for past in recorder.epochs if past < epoch]
    needed = epoch - curriculum.lag
    if recorder is None or (needed >= 0 and (not recorded or recorded[-1] < needed)):
        upto = f" up to epoch {needed}" if needed >= 0 else ""
        raise Refusal(
            "no-losses",
            f"The curriculum '{name}' needs the losses of each case{upto}",
            "",
            "Give a LossRecorder as 'recorder', and call its 'record' in your loop after each batch.",
        )
    for past in recorded:
        means = recorder.means(past)
        curriculum.observe(past, list(map(case_of, means)), list(means.values()))
