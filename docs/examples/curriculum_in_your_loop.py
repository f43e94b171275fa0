"""A curriculum in a training loop that is not ours: one line per epoch, and one more for self-paced learning.

Run it: `python docs/examples/curriculum_in_your_loop.py`. It needs CLIPS and numpy. The "network" is a logistic
regression, so that it runs in a second; the loop has the shape of TMTV-Net's `TrainerV2.fit`.
"""

from __future__ import annotations

import numpy as np
from CLIPSLib.curriculum import LossRecorder, curriculum_learning

EPOCHS, CASES, PIXELS = 12, 40, 200


def load(path: str) -> tuple[np.ndarray, np.ndarray]:
    """A patient: features [pixels, 2] and labels [pixels]. The higher the number, the weaker the contrast: harder."""
    number = int(path.removesuffix(".hdf5").removeprefix("patient"))
    rng = np.random.default_rng(number)
    labels = rng.integers(0, 2, PIXELS)
    contrast = 3.0 * (1.0 - number / CASES)
    return np.column_stack([contrast * labels + rng.normal(size=PIXELS), np.ones(PIXELS)]), labels


def loss_of(weights: np.ndarray, features: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """Cross-entropy of one patient and its gradient."""
    probability = 1.0 / (1.0 + np.exp(-features @ weights))
    right = np.where(labels == 1, probability, 1.0 - probability)
    return float(-np.log(right + 1e-9).mean()), features.T @ (probability - labels) / len(labels)


def fit(name: str, **options) -> tuple[np.ndarray, list[float]]:
    """Someone's training loop. Returns the weights and, per epoch, the mean number (difficulty) of what was drawn."""
    global_dataset = [f"patient{number}.hdf5" for number in range(CASES)]
    current_dataset, history, losses = global_dataset, [], {"cross-entropy": loss_of}
    recorder = LossRecorder()
    weights = np.zeros(2)
    for epoch in range(EPOCHS):
        # ---- the line that brings the curriculum in; global_dataset stays as it is -------------------------------
        current_dataset = curriculum_learning(
            epoch,
            current_dataset,
            global_dataset,
            history,
            losses,
            name=name,
            total_epochs=EPOCHS,
            seed=0,
            recorder=recorder,
            **options,
        )
        # -----------------------------------------------------------------------------------------------------------
        for path in current_dataset:
            loss, gradient = loss_of(weights, *load(path))
            weights -= 0.5 * gradient
            recorder.record(epoch, [path], [loss])  # what self-paced learning needs: the loss of each case
        history.append(float(np.mean([int(path[7:-5]) for path in current_dataset])))
    return weights, history


def main() -> None:
    # What a teacher's Dice would tell: here the planted difficulty itself.
    scores = {f"patient{number}.hdf5": float(number) for number in range(CASES)}
    for name, options in {
        "vanilla": {},
        "random-order": {},
        "transfer-teacher": {"scores": scores, "pacing": "linear", "full_at": 0.6},
        "self-paced": {"regularizer": "hard", "full_at": 0.6},
    }.items():
        weights, drawn = fit(name, **options)
        shown = " ".join(f"{value:4.1f}" for value in drawn)
        print(f"{name:18}mean difficulty drawn: {shown}   weights {weights.round(2)}")


if __name__ == "__main__":
    main()
