"""Weight files: read without running code, loaded strictly, mismatches explained."""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict

import pytest

torch = pytest.importorskip("torch")

from CLIPSLib.errors import Failure, Refusal  # noqa: E402
from CLIPSLib.models import build_network, load_network, read_state, state_sha256  # noqa: E402

SMALL = {"width": 4, "blocks": 1, "first_kernel": 3}


@pytest.fixture
def state():
    return build_network("tmtvnet-refiner", **SMALL).state_dict()


def test_a_state_dict_survives_its_file(tmp_path, state):
    path = tmp_path / "r_latest.model"
    torch.save(OrderedDict(state), path)
    loaded = load_network("tmtvnet-refiner", read_state(path), **SMALL)
    assert not loaded.training
    assert all(torch.equal(value, state[key]) for key, value in loaded.state_dict().items())
    assert state_sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("rename", [lambda key: f"module.{key}", lambda key: key.replace("model.", "module.model.", 1)])
def test_names_from_training_on_several_gpus_are_accepted(state, rename):
    load_network("tmtvnet-refiner", {rename(key): value for key, value in state.items()}, **SMALL)


def test_loading_draws_no_initial_values(state):
    """Random initialization of the published networks takes longer than everything else together."""
    before = torch.get_rng_state()
    load_network("tmtvnet-refiner", state, **SMALL)
    assert torch.equal(torch.get_rng_state(), before)


def test_weights_of_another_network_are_refused_with_what_differs(state):
    state["extra"] = state.pop("model.ops.0.ops.1.bias")
    state["model.ops.2.ops.1.weight"] = torch.zeros(3)
    with pytest.raises(Refusal) as refusal:
        load_network("tmtvnet-refiner", state, where="r_latest.model", **SMALL)
    assert str(refusal.value) == (
        "The weights are not those of the network 'tmtvnet-refiner': model.ops.0.ops.1.bias is missing; "
        "extra is unknown; model.ops.2.ops.1.weight has shape (3,) instead of (2,) (r_latest.model). "
        "Choose the weight file that belongs to this network."
    )


def test_a_long_list_of_differences_is_cut():
    with pytest.raises(Refusal, match=r"model\.ops\.0\.ops\.0\.ops\.0\.weight is missing; .*; and 6 more"):
        load_network("tmtvnet-refiner", {}, **SMALL)


class RunsCode:
    def __reduce__(self):
        return os.mkdir, ("code-was-run",)


def test_code_in_a_weight_file_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": RunsCode()}, "evil.model")
    with pytest.raises(Refusal, match="other objects than tensors, which could run code"):
        read_state("evil.model")
    assert not (tmp_path / "code-was-run").exists()


def test_what_is_no_state_dict_is_refused(tmp_path):
    torch.save([1, 2], tmp_path / "list.model")
    with pytest.raises(Refusal, match="no state dict"):
        read_state(tmp_path / "list.model")


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_a_truncated_file_is_named_damaged(tmp_path, state, keep):
    path = tmp_path / "cut.model"
    torch.save(state, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: keep if isinstance(keep, int) else int(keep * len(whole))])
    with pytest.raises((Failure, Refusal), match=r"damaged.*cut\.model.*(again)"):
        read_state(path)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(Failure, match=r"cannot be read: No such file.*nowhere\.model"):
        read_state(tmp_path / "nowhere.model")
