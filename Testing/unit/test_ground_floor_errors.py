"""CLIPSLib/errors.py: sentences for people, codes for programs, the same on both sides of a process boundary."""

from __future__ import annotations

import json
import multiprocessing
import pickle

import pytest
from CLIPSLib.errors import Cancelled, Caution, ClipsError, Failure, Question, Refusal, UsageError, package_missing

QUESTION = Question(
    "no-weight",
    "The PET does not say the patient's weight, PatientWeight (0010,1030)",
    "series 1.2.3",
    "Enter the weight.",
    key="weight_kg",
    unit="kg",
    choices=(),
)
ERRORS = [
    Failure("disk-full", "The disk is full", "/data", "Free space."),
    UsageError("no-such-model", "There is no model 'suv5'"),
    Refusal("not-bqml", "Units is 'CPS'", "series 1.2.3", "Export the series again."),
    QUESTION,
    Question("frame", "Which CT goes with the PET?", key="ct_series", choices=("1.2", "1.3")),
    Cancelled(),
    Cancelled("Cancelled by the scheduler"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_errors_survive_pickling_with_everything_they_say(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert copy.as_dict() == error.as_dict()
    assert str(copy) == str(error)


def ask(_: int) -> None:
    raise QUESTION


def test_a_question_in_a_worker_process_reaches_the_caller():
    with multiprocessing.get_context("spawn").Pool(1) as pool, pytest.raises(Question) as question:
        pool.map(ask, [0])
    assert (question.value.key, question.value.unit) == ("weight_kg", "kg")


@pytest.mark.parametrize(
    ("error", "code"), [(Failure, 1), (UsageError, 2), (Refusal, 3), (Question, 4), (Cancelled, 5)], ids=str
)
def test_exit_codes_are_the_documented_ones(error, code):
    assert error.exit_code == code
    assert issubclass(error, ClipsError)


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (("Units is 'CPS'",), "Units is 'CPS'"),
        (("Units is 'CPS'", "series 7"), "Units is 'CPS' (series 7)"),
        (("Units is 'CPS'", "series 7", "Export it again."), "Units is 'CPS' (series 7). Export it again."),
        (("Units is 'CPS'.", "", "Export it again."), "Units is 'CPS'. Export it again."),
    ],
)
def test_an_error_reads_as_what_where_and_what_to_do(parts, sentence):
    assert str(Refusal("not-bqml", *parts)) == sentence


def test_an_error_as_json_names_its_kind_and_what_a_question_asks():
    assert json.loads(json.dumps(QUESTION.as_dict())) == {
        "kind": "question",
        "code": "no-weight",
        "what": "The PET does not say the patient's weight, PatientWeight (0010,1030)",
        "where": "series 1.2.3",
        "remedy": "Enter the weight.",
        "key": "weight_kg",
        "unit": "kg",
        "choices": [],
    }


def test_cautions_are_data_that_compare_by_content():
    caution = Caution("tracer", "The tracer is not FDG: 'Choline'", "series 7")
    assert caution == Caution("tracer", "The tracer is not FDG: 'Choline'", "series 7")
    assert str(caution) == "The tracer is not FDG: 'Choline' (series 7)"
    assert str(Caution("tracer", "No tracer")) == "No tracer"
    assert Caution(**caution.as_dict()) == caution


def test_a_package_that_may_be_absent_is_named_with_what_to_install():
    failure = package_missing(ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn"))
    assert failure.what == "This needs torch, which is not installed" and "slicer-clips[networks]" in failure.remedy
    assert package_missing(ModuleNotFoundError("No module named 'CLIPSLib.typo'", name="CLIPSLib.typo")) is None
