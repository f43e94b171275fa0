"""The users' hook, in loops that know nothing of it: lists of paths, data sets, TMTV-Net's dictionaries of batches."""

from __future__ import annotations

import copy
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from builders_curriculum import cohort, scores_of
from CLIPSLib.curriculum import CurriculumBatches, DatasetView, LossRecorder, curriculum_learning
from CLIPSLib.errors import Failure, Refusal, UsageError

PATHS = [f"case{number:02d}.hdf5" for number in range(20)]
SCORES = {path: float(number) for number, path in enumerate(PATHS)}
SETTINGS = {"name": "transfer-teacher", "total_epochs": 10, "seed": 0, "scores": SCORES, "minimum_pool": 1}


def _epoch(epoch, dataset=PATHS, **options):
    return curriculum_learning(epoch, dataset, dataset, None, None, **(SETTINGS | options))


class Volumes:
    """A map-style data set as torch users write it; counts what is loaded."""

    def __init__(self, count: int) -> None:
        self.loaded = 0
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> dict:
        self.loaded += 1
        return {"index": index}


class Reservoir:
    """Batches of all cases in turn, as TMTV-Net's data pipeline gives them."""

    def __init__(self, ids, size=4, make=np.asarray):
        self.ids, self.size, self.make, self.passes = list(ids), size, make, 0

    def __iter__(self):
        self.passes += 1
        for first in range(0, len(self.ids), self.size):
            ids = self.ids[first : first + self.size]
            numbers = [float(i[4:6]) for i in ids]
            yield {
                "uid": ids,
                "suv": self.make(np.array(numbers, dtype=np.float32).reshape(-1, 1, 1, 1, 1)),
                "batch_id": first,
                "name": "auto_pet",
            }


def _tmtvnet(**changes):
    return {"auto_pet": {"train": Reservoir(PATHS, **changes), "valid": Reservoir(PATHS[:4])}}


def test_a_list_of_paths_gives_a_list_of_the_same_length_with_the_easy_ones_first():
    first, last = _epoch(0), _epoch(9)
    assert isinstance(first, list) and len(first) == 20
    assert set(first) == set(PATHS[:5])  # a quarter of 20
    assert sorted(last) == PATHS  # everything, once
    assert Counter(first).most_common(1)[0][1] == 4


def test_nothing_that_is_given_is_changed():
    dataset = list(PATHS)
    datasets = _tmtvnet()
    before = copy.copy(datasets["auto_pet"])
    _epoch(3, dataset)
    changed = _epoch(3, datasets, cases=PATHS)
    list(changed["auto_pet"]["train"])
    assert dataset == PATHS
    assert datasets["auto_pet"] == before and datasets["auto_pet"]["train"].ids == PATHS


def test_the_answer_depends_on_the_epoch_only():
    assert _epoch(4) == _epoch(4)
    assert _epoch(4) == curriculum_learning(4, PATHS[:3], PATHS, [0.3], {"dice": abs}, **SETTINGS)
    assert _epoch(4) != _epoch(4, seed=1)


def test_paths_may_be_path_objects():
    paths = [Path("data") / name for name in PATHS]
    scores = {str(path): score for path, score in zip(paths, SCORES.values(), strict=True)}
    assert set(_epoch(0, paths, scores=scores)) == set(paths[:5])


def test_a_data_set_gives_a_view_and_loads_nothing():
    volumes = Volumes(20)
    view = _epoch(0, volumes, cases=PATHS)
    assert isinstance(view, DatasetView) and len(view) == 20 and volumes.loaded == 0
    assert {view[position]["index"] for position in range(20)} == {0, 1, 2, 3, 4}


def test_a_torch_loader_takes_the_view():
    data = pytest.importorskip("torch.utils.data")
    view = _epoch(0, Volumes(20), cases=PATHS)
    batches = list(data.DataLoader(view, batch_size=5))
    assert len(batches) == 4 and max(int(batch["index"].max()) for batch in batches) == 4


def test_cases_can_carry_strata_and_be_lesion_free():
    cases = cohort(20, lesion_free_every=4)
    view = _epoch(0, Volumes(20), cases=cases, scores=scores_of(cases))
    empty = {number for number in range(20) if number % 4 == 0}
    drawn = [view[position]["index"] for position in range(20)]
    assert sum(number in empty for number in drawn) == 5


def test_batches_of_tmtvnet_keep_their_number_their_size_and_their_keys():
    source = _tmtvnet()
    datasets = _epoch(0, source, cases=PATHS)
    assert isinstance(datasets["auto_pet"]["train"], CurriculumBatches)
    assert datasets["auto_pet"]["valid"] is source["auto_pet"]["valid"]
    batches = list(datasets["auto_pet"]["train"])
    assert len(batches) == 5
    for batch in batches:
        assert batch["suv"].shape == (4, 1, 1, 1, 1) and batch["suv"].dtype == np.float32
        assert [f"case{int(value):02d}.hdf5" for value in batch["suv"].ravel()] == list(batch["uid"])
        assert set(batch["uid"]) <= set(PATHS[:5]) and batch["name"] == "auto_pet"


def test_batches_of_tensors_stay_tensors():
    torch = pytest.importorskip("torch")
    datasets = _epoch(0, _tmtvnet(make=lambda values: torch.from_numpy(values.copy())), cases=PATHS)
    batch = next(iter(datasets["auto_pet"]["train"]))
    assert isinstance(batch["suv"], torch.Tensor) and batch["suv"].dtype == torch.float32
    assert [f"case{int(value):02d}.hdf5" for value in batch["suv"].ravel()] == list(batch["uid"])


def test_samples_that_the_reservoir_loaded_under_an_older_order_do_not_pass():
    stale = Reservoir(PATHS[::-1])  # begins with what is not to be drawn yet
    for batch in _epoch(0, {"auto_pet": {"train": stale}}, cases=PATHS)["auto_pet"]["train"]:
        assert set(batch["uid"]) <= set(PATHS[:5])


def test_vanilla_lets_every_batch_pass_once():
    source = Reservoir(PATHS)
    batches = list(_epoch(0, {"a": {"train": source}}, cases=PATHS, name="vanilla", scores=None)["a"]["train"])
    assert [case_id for batch in batches for case_id in batch["uid"]] == PATHS and source.passes == 1


def test_thinning_follows_the_probabilities():
    datasets = {"a": {"train": Reservoir(PATHS * 50, size=10)}}
    thinned = _epoch(0, datasets, cases=PATHS, name="hard-oversampled")["a"]["train"]
    drawn = Counter(case_id for batch in thinned for case_id in batch["uid"])
    # p ~ rank: the hardest 20 times as often as the easiest; 1000 draws
    assert drawn[PATHS[19]] == pytest.approx(1000 * 20 / 210, rel=0.25)
    assert drawn[PATHS[9]] == pytest.approx(1000 * 10 / 210, rel=0.35)


def test_a_source_can_be_rebuilt_instead_of_thinned():
    def rebuild(name, source, ids):
        assert name == "auto_pet" and isinstance(source, Reservoir)
        return Reservoir(ids)

    datasets = _epoch(0, _tmtvnet(), cases=PATHS, rebuild=rebuild)
    assert set(datasets["auto_pet"]["train"].ids) == set(PATHS[:5])


def test_batches_with_other_ids_are_explained():
    batches = _epoch(0, {"a": {"train": Reservoir(["case99.h5"])}}, cases=PATHS)["a"]["train"]
    with pytest.raises(Refusal, match=r"None of the 5 cases to draw in epoch 0 .* came in 1 batches"):
        list(batches)
    mapped = _epoch(0, _tmtvnet(), cases=PATHS, id_key="study")["auto_pet"]["train"]
    with pytest.raises(Refusal, match=r"A batch has no 'study'.*it has: uid, suv, batch_id, name"):
        list(mapped)


def test_ids_in_batches_can_be_translated():
    datasets = {"a": {"train": Reservoir([path.replace("hdf5", "h5") for path in PATHS])}}
    batches = list(_epoch(0, datasets, cases=PATHS, case_of=lambda uid: uid.replace("h5", "hdf5"))["a"]["train"])
    assert len(batches) == 5


def test_self_paced_learning_refuses_without_recorded_losses():
    with pytest.raises(Refusal, match=r"needs the losses of each case up to epoch 2.*LossRecorder"):
        _epoch(3, name="self-paced")
    recorder = LossRecorder()
    recorder.record(0, PATHS, range(20))
    with pytest.raises(Refusal, match="up to epoch 2"):
        _epoch(3, name="self-paced", recorder=recorder)
    with pytest.raises(UsageError, match="'apply' must be 'probability'"):
        _epoch(0, name="self-paced", recorder=recorder, apply="loss-weight")


def test_self_paced_learning_follows_the_recorded_losses():
    recorder = LossRecorder()
    for epoch in range(2):
        recorder.record(epoch, PATHS, [20.0 - number for number in range(20)])  # the last ones are easiest
    options = {"name": "self-paced", "recorder": recorder, "regularizer": "hard", "full_at": 1.0}
    # linear pacing: 20 (0.25 + 0.75 * 2 / 10) = 8
    assert set(_epoch(2, **options)) == set(PATHS[12:])
    resumed = LossRecorder()
    resumed.load_state_dict(json.loads(json.dumps(recorder.state_dict())))
    recorder.record(2, PATHS, [0.0] * 20)  # what comes later does not change an epoch that was
    assert _epoch(2, **options) == _epoch(2, **(options | {"recorder": resumed}))


def test_losses_are_recorded_under_the_ids_of_the_batches_and_translated_like_these():
    recorder = LossRecorder()
    recorder.record(0, [path.replace("hdf5", "h5") for path in PATHS], [20.0 - number for number in range(20)])
    options = {"name": "self-paced", "recorder": recorder, "regularizer": "hard", "warm_up": 0.0, "full_at": 1.0}
    translated = _epoch(1, _tmtvnet(), cases=PATHS, case_of=lambda uid: uid.replace(".h5", ".hdf5"), **options)
    drawn = {case_id for batch in translated["auto_pet"]["train"] for case_id in batch["uid"]}
    assert drawn <= set(PATHS[13:])  # linear pacing: 20 (0.25 + 0.75 / 10) = 7 of the last, which are easiest
    with pytest.raises(UsageError, match=r"'case00.h5', which this curriculum never draws"):
        _epoch(1, _tmtvnet(), cases=PATHS, **options)


def test_epochs_within_the_lag_need_no_losses_yet():
    assert sorted(_epoch(1, name="self-paced", recorder=LossRecorder(), lag=2)) == PATHS
    with pytest.raises(Refusal, match="up to epoch 0"):
        _epoch(2, name="self-paced", recorder=LossRecorder(), lag=2)


def test_the_recorder_takes_tensors_and_averages_over_an_epoch():
    torch = pytest.importorskip("torch")
    recorder = LossRecorder()
    recorder.record(0, ["a", "b"], torch.tensor([1.0, 5.0], requires_grad=True))
    recorder.record(0, ["a"], np.array([3.0]))
    assert recorder.means(0) == {"a": 2.0, "b": 5.0} and recorder.epochs == (0,)
    assert recorder.means(7) == {}


def test_the_recorder_wants_a_number_for_each_sample():
    recorder = LossRecorder()
    with pytest.raises(UsageError, match="2 cases and 1 losses"):
        recorder.record(0, ["a", "b"], [0.5])
    with pytest.raises(Failure, match="loss of case 'a' in epoch 3 is nan"):
        recorder.record(3, ["a"], [float("nan")])
    with pytest.raises(Refusal, match="cannot be read"):
        recorder.load_state_dict({"0": {"a": 1.0}})


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"dataset": Volumes(3)}, "do not say which case they are"),
        ({"dataset": Volumes(3), "cases": PATHS}, "'cases' names 20 cases, the data set has 3 items"),
        ({"dataset": {"a": {"valid": []}}, "cases": PATHS}, r"no data set has a split 'train' \(there are: valid\)"),
        ({"rebuild": print}, "'rebuild' belongs to data sets of batches"),
        ({"pacing": "performance-gated"}, "needs validations, which the hook is not told of"),
        ({"name": "tranfer-teacher"}, "Did you mean transfer-teacher"),
    ],
)
def test_what_does_not_fit_is_said(wrong, sentence):
    options = {"dataset": PATHS} | wrong
    with pytest.raises(UsageError, match=f"(?i){sentence}"):
        _epoch(0, options.pop("dataset"), **options)
