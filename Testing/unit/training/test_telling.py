"""What a run tells of itself is true: time left with its validations; TensorBoard only where it works."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from types import SimpleNamespace

import builders_run
import pytest
from CLIPSLib.training.overrides import with_values

torch = pytest.importorskip("torch")

from CLIPSLib.training.progress import RunState  # noqa: E402
from CLIPSLib.training.rate import first_plan  # noqa: E402
from CLIPSLib.training.run_folder import RunFolder  # noqa: E402
from CLIPSLib.training.tables import read_table  # noqa: E402
from CLIPSLib.training.telling import QuietRun, Teller  # noqa: E402


class Heard:
    """A reporter that keeps what it is told."""

    def __init__(self) -> None:
        self.cautions, self.facts, self.events = [], {}, []

    def caution(self, caution) -> None:
        self.cautions.append(caution)

    def progress(self, stage: str, fraction: float) -> None:
        """Not looked at."""

    def check(self) -> None:
        """Never cancelled."""

    def tell(self, facts) -> None:
        self.facts = dict(facts)

    def event(self, name: str, **fields) -> None:
        self.events.append((name, fields))


@dataclass
class Score:
    """A validated case."""

    seconds: float

    def row(self, step: int) -> dict:
        return {"step": step, "case": "one"}


def teller(tmp_path, reporter, **values):
    recipe = with_values(builders_run.TINY, {name.replace("__", "."): value for name, value in values.items()})
    return Teller(RunFolder(tmp_path), reporter, state_at(0), recipe)


def state_at(step, validated=None):
    return RunState(step=step, validated=validated, rate=first_plan(10))


def take_step(telling, step, seconds, ids=("one",)):
    drawn = SimpleNamespace(step=step - 1, ids=ids)
    result = SimpleNamespace(loss=1.0, losses=(1.0,) * len(ids), gradient_norm=1.0)
    telling.step(state_at(step, validated=step - 1), drawn, 1e-3, result, seconds, 0.0)


def test_time_left_counts_the_validations_that_are_to_come(tmp_path):
    """Of 10 steps of 2 s, 5 are left; a validation of two cases took 30 s, and one is left, at the end."""
    heard = Heard()
    telling = teller(tmp_path, heard, training__steps=10, validation__every=5)
    take_step(telling, 5, 2.0)
    assert heard.facts["seconds_left"] == pytest.approx(5 * 2.0)  # nobody knows yet what a validation takes
    telling.validation(state_at(5, validated=5), [Score(10.0), Score(20.0)], 0.5)
    assert heard.facts["seconds_left"] == pytest.approx(5 * 2.0 + 30.0)
    telling.validation(state_at(10, validated=10), [Score(10.0), Score(20.0)], 0.5)
    assert heard.facts["seconds_left"] == 0.0


def test_case_ids_with_blanks_stay_whole_in_the_table_of_steps(tmp_path):
    """Folders of images may be called so, and lend the cases their names."""
    telling = teller(tmp_path, Heard())
    take_step(telling, 1, 2.0, ids=("Patient 12", "007"))
    telling.close()
    (row,) = read_table(RunFolder(tmp_path).metrics)
    assert shlex.split(row["cases"]) == ["Patient 12", "007"]


def test_each_process_of_a_run_tells_with_what_it_computes(tmp_path):
    heard = Heard()
    teller(tmp_path, heard)
    ((name, told),) = heard.events
    assert name == "environment" and told["libraries"]["torch"] == torch.__version__
    assert told["threads"] == torch.get_num_threads()


def test_a_tensorboard_that_cannot_be_used_is_a_caution_and_stops_nothing(tmp_path, monkeypatch):
    package = tmp_path / "site" / "tensorboard"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise TypeError('Descriptors cannot be created directly')")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    for name in [name for name in sys.modules if name.startswith(("tensorboard", "torch.utils.tensorboard"))]:
        monkeypatch.delitem(sys.modules, name)
    heard = Heard()
    teller(tmp_path / "run", heard)
    (caution,) = heard.cautions
    assert caution.code == "no-tensorboard" and "Descriptors" in caution.what


def test_without_tensorboard_nothing_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    heard = Heard()
    teller(tmp_path / "run", QuietRun(heard))
    assert heard.cautions == [] and not (tmp_path / "run" / "tensorboard").exists()
