"""Batches for those who train with TMTV-Net's own trainer, `run_trainer(configuration, datasets, model, optimizer)`.

Its `datasets` is `{dataset: {split: iterable of batches}}`, each batch a plain dictionary; nowhere documented, found by
running it (docs/training.md). Nothing of that trainer is imported here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from CLIPSLib.errors import Refusal
from CLIPSLib.training.data.inputs import network_inputs
from CLIPSLib.training.data.patches import Patches
from CLIPSLib.training.data.randomness import generator

PRIOR_KEY = "cascade.inference.output_found"  # the name under which its refiner looks for the first stage's result


@dataclass
class BatchSequence:
    """An iterable of batches; each pass over it is the next epoch, with other patches. One pass draws every case once.

    A batch: `ct suv ct_lung ct_soft suv_hot` float32 `(N, 1, z, y, x)`, 0 to 1; `seg` int64 `(N, 1, z, y, x)`, 0 or 1;
    for a refiner `cascade.inference.output_found` float32; `uid`, the case ids. Unlike the original's reservoir nothing
    is kept from pass to pass: another list of ids (a curriculum's) takes effect with the very next batch.
    """

    patches: Patches
    ids: Sequence[str]
    batch_size: int
    seed: int = 0
    shuffled: bool = True
    epoch: int = field(default=0, init=False)

    def __iter__(self) -> Iterator[dict]:
        order = list(self.ids)
        if self.shuffled:
            generator(self.seed, self.epoch, "order").shuffle(order)
        first = self.epoch * len(self)
        self.epoch += 1
        for index in range(len(self)):
            ids = order[index * self.batch_size : (index + 1) * self.batch_size]
            yield self._named(ids, first + index)

    def __len__(self) -> int:
        return -(-len(self.ids) // self.batch_size)

    def _named(self, ids: Sequence[str], step: int) -> dict:
        batch = self.patches.batch(ids, step, self.seed)
        names = [channel.name for channel in network_inputs(self.patches.data).channels]
        if batch.images.shape[1] > len(names):
            names.append(PRIOR_KEY)
        channels = {name: batch.images[:, number : number + 1] for number, name in enumerate(names)}
        return {**channels, "seg": batch.labels.long(), "uid": list(ids)}


def tmtvnet_datasets(
    patches: Patches, splits: Mapping[str, Sequence[str]], *, batch_size: int, seed: int = 0, name: str = "clips"
) -> dict[str, dict[str, BatchSequence]]:
    """The `datasets` of the original trainer. splits: "train", "valid", ... -> case ids; only "train" is trained with.

    Training patches are augmented and shuffled, those of the other splits are neither.

    Raises:
        Refusal: the recipe has other channels than TMTV-Net, or several classes; no split "train".
    """
    names = {channel.name for channel in network_inputs(patches.data).channels}
    if patches.data.use != "pet-ct" or len(patches.data.classes) != 1:
        raise Refusal(
            "not-tmtvnet",
            f"TMTV-Net sees five channels of PET and CT and finds one class; this recipe has {sorted(names)} and "
            f"{len(patches.data.classes)} class(es)",
            "recipe, table 'data'",
            "Use data.use = 'pet-ct' with one class.",
        )
    if "train" not in splits:
        raise Refusal("no-train-split", "There is no split 'train'", "splits", "Name the cases to train with 'train'.")
    return {
        name: {
            split: BatchSequence(
                patches if split == "train" else patches.plain(), ids, batch_size, seed, shuffled=split == "train"
            )
            for split, ids in splits.items()
        }
    }
