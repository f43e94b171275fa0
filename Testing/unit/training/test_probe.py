"""Probe crops: the same each time, without a trace in the network; what self-paced learning hears; exact resume."""

from __future__ import annotations

import builders_run
import pytest
from CLIPSLib.errors import Cancelled
from CLIPSLib.progress import SILENT, RecordingReporter
from CLIPSLib.training.overrides import with_values

torch = pytest.importorskip("torch")
pytest.importorskip("monai")

from CLIPSLib.training.checkpoints import Checkpoints  # noqa: E402
from CLIPSLib.training.data import open_patches  # noqa: E402
from CLIPSLib.training.probe import Probe  # noqa: E402
from CLIPSLib.training.run import train  # noqa: E402
from CLIPSLib.training.stepper import Stepper  # noqa: E402

STEPS = 8
SELF_PACED = {"minimum_pool": 1, "warm_up": 0.0, "lag": 2, "update_every": 1, "start": 0.4, "momentum": 0.5}


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """Cases 0, 1, 3 and 4 have a lesion, 2 has none; 5 is not trained with."""
    return builders_run.cases(tmp_path_factory.mktemp("images"), train=5)


@pytest.fixture
def source(cases, tmp_path):
    recipe = builders_run.TINY
    return open_patches(cases.of_role("train"), recipe.data, recipe.augmentation, tmp_path / "cache")


def _network():
    """One with everything that remembers: running statistics, and dropout."""
    layers = [torch.nn.Conv3d(2, 4, 3, padding=1), torch.nn.BatchNorm3d(4), torch.nn.Dropout(0.5)]
    return torch.nn.Sequential(*layers, torch.nn.Conv3d(4, 2, 1))


def _stepper(network) -> Stepper:
    return Stepper(network, builders_run.TINY, torch.device("cpu"))


def test_a_probe_gives_the_same_numbers_as_long_as_the_weights_are_the_same(source):
    probe, stepper = Probe(source.plain(), ("case-0", "case-2"), 4, seed=1), _stepper(_network())
    first = probe.losses(stepper, SILENT)
    assert len(first) == 2
    assert probe.losses(stepper, SILENT) == first
    assert Probe(source.plain(), ("case-2", "case-0"), 4, seed=1).losses(stepper, SILENT) == first[::-1]
    assert Probe(source.plain(), ("case-0", "case-2"), 4, seed=2).losses(stepper, SILENT) != first


def test_a_probe_leaves_no_trace_in_network_gradients_and_random_numbers(source):
    stepper = _stepper(_network().train())
    before = {name: tensor.clone() for name, tensor in stepper.network.state_dict().items()}
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    Probe(source.plain(), ("case-0", "case-1"), 3, seed=1).losses(stepper, SILENT)
    assert torch.equal(torch.rand(4), expected)
    assert all(torch.equal(before[name], tensor) for name, tensor in stepper.network.state_dict().items())
    assert all(module.training for module in stepper.network.modules())
    assert all(weight.grad is None for weight in stepper.network.parameters())


def test_a_cancelled_probe_gives_the_network_back_in_training_mode(source):
    stepper = _stepper(_network().train())
    reporter = RecordingReporter(cancel_after=0)
    with pytest.raises(Cancelled):
        Probe(source.plain(), ("case-0",), 2, seed=1).losses(stepper, reporter)
    assert stepper.network.training


def test_half_of_the_crops_of_a_case_hold_its_lesion(source):
    asked = []

    class Asked:
        def batch(self, ids, step, seed, *, lesion_share):
            asked.append((tuple(ids), step, lesion_share))
            return source.plain().batch(ids, step, seed, lesion_share=lesion_share)

    Probe(Asked(), ("case-0",), 3, seed=1).losses(_stepper(_network()), SILENT)
    assert asked == [(("case-0",) * 2, -1, 1.0), (("case-0",), -1, 0.0)]


class _Follower(RecordingReporter):
    """A reporter of runs that keeps the probes, and asks for a stop after a step."""

    def __init__(self, stop_at: int = -1) -> None:
        super().__init__()
        self.probes, self._step, self._stop_at = [], 0, stop_at

    def tell(self, facts) -> None:
        self._step = facts["step"]

    def event(self, name, **fields) -> None:
        self.probes += [fields] if name == "probe" else []

    def take_checkpoint_request(self) -> bool:
        return False

    def take_stop_request(self) -> bool:
        return self._step == self._stop_at


def _run(folder, cases, name="self-paced", options=SELF_PACED):
    recipe = with_values(
        builders_run.TINY,
        {"curriculum.probe_every": 3, "curriculum.probe_crops": 2, "training.steps": STEPS, "checkpoint.steps": 0}
        | {"curriculum.name": name, "checkpoint.keep_every": STEPS},
    )
    return builders_run.run(folder, case_list=cases, recipe=recipe, curriculum__options=options)


def _memory(made) -> dict:
    return Checkpoints(made.checkpoints).newest(SILENT).state["curriculum"]["memory"]


@pytest.mark.slow
def test_self_paced_learning_hears_the_probes_and_goes_on_exactly_after_a_stop(cases, tmp_path):
    whole, follower = _run(tmp_path / "whole", cases), _Follower()
    train(whole.path, follower)
    assert [(probe["step"], probe["cases"]) for probe in follower.probes] == [(2, 4), (5, 4)]
    memory = _memory(whole)
    assert set(memory["losses"]) | {i for entry in memory["pending"] for i in entry[1]} == {
        *("case-0", "case-1", "case-3", "case-4")
    }
    stopped = _run(tmp_path / "stopped", cases)
    assert train(stopped.path, _Follower(stop_at=4))["state"] == "stopped"
    train(stopped.path, _Follower())
    assert _memory(stopped) == memory
    one, other = builders_run.weights(whole, STEPS), builders_run.weights(stopped, STEPS)
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.slow
def test_a_curriculum_that_learns_from_no_losses_never_probes(cases, tmp_path):
    follower = _Follower()
    train(_run(tmp_path / "run", cases, "vanilla", {}).path, follower)
    assert follower.probes == []
