"""The SUV decision table as DICOM files, read to the end: SUV of every voxel, cautions, questions, refusals."""

from __future__ import annotations

import ast
import math
import re
from pathlib import Path

import CLIPSLib.study
import numpy as np
import pytest
from CLIPSLib.errors import Question, Refusal
from CLIPSLib.study import explain_suv, load_study
from suv_matrix import dose, injection, pixels, reference_time, series, units
from suv_matrix.variant import Variant, write_variant

VARIANTS = tuple(
    variant for part in (reference_time, injection, units, dose, series, pixels) for variant in part.VARIANTS
)
CONVERTED = tuple(variant for variant in VARIANTS if variant.factor is not None)
REFUSED = tuple(variant for variant in VARIANTS if variant.refusal)
ASKED = tuple(variant for variant in VARIANTS if variant.question)


def by_title(variant: Variant) -> str:
    return variant.title


def test_the_matrix_is_as_large_as_promised():
    assert len({variant.title for variant in VARIANTS}) == len(VARIANTS) >= 60
    assert len(REFUSED) + len(ASKED) >= 15
    assert all(variant.says for variant in (*REFUSED, *ASKED))


@pytest.mark.parametrize("variant", CONVERTED, ids=by_title)
def test_converts_every_voxel_by_the_factor_calculated_by_hand(variant, tmp_path):
    if variant.needs:
        pytest.importorskip(variant.needs, reason=f"{variant.needs} is not installed: it writes the files")
    values = write_variant(tmp_path, variant)
    study = load_study(tmp_path, answers=variant.answers)
    assert_suv(study.pet, values, variant)
    expected = {*variant.cautions} if variant.ct is not None else {*variant.cautions, "no-ct"}
    assert {caution.code for caution in study.cautions} == expected
    said = "\n".join(map(str, study.cautions))
    assert not [words for words in variant.says if words not in said], said
    assert variant.source in "\n".join(used.source for used in study.suv.inputs)
    assert formula_result(study.suv.formula) == pytest.approx(first_factor(variant), rel=1e-6)
    assert study.suv.formula == explain_suv(study.suv)[0]


@pytest.mark.parametrize("variant", REFUSED, ids=by_title)
def test_refuses_and_says_what_where_and_what_to_do(variant, tmp_path):
    write_variant(tmp_path, variant)
    with pytest.raises(Refusal) as refused:
        load_study(tmp_path, answers=variant.answers)
    assert_message(refused.value, variant, variant.refusal)


@pytest.mark.parametrize("variant", ASKED, ids=by_title)
def test_asks_for_what_only_the_user_knows(variant, tmp_path):
    write_variant(tmp_path, variant)
    with pytest.raises(Question) as asked:
        load_study(tmp_path, answers=variant.answers)
    assert_message(asked.value, variant, variant.question)
    assert asked.value.key == variant.key


@pytest.mark.parametrize("title", ["JPEG lossless", "JPEG 2000", "JPEG-LS with a slope per slice"])
def test_compressed_pixels_need_no_decoder_that_slicer_lacks(title, tmp_path, monkeypatch):
    def absent(*_args, **_kwargs):
        raise RuntimeError("no decoder is installed")

    variant = next(variant for variant in VARIANTS if variant.title == title)
    if variant.needs:
        pytest.importorskip(variant.needs, reason=f"{variant.needs} is not installed: it writes the files")
    values = write_variant(tmp_path, variant)
    monkeypatch.setattr("pydicom.pixels.pixel_array", absent)
    assert_suv(load_study(tmp_path).pet, values, variant)


NOT_OF_A_HEADER = {"cannot-read"}  # a file that vanishes between finding and reading


@pytest.mark.parametrize(
    ("kind", "section"),
    [("Question", "What is asked"), ("Caution", "What is cautioned"), ("Refusal", "What is refused")],
)
def test_every_code_is_documented_and_has_a_variant(kind, section):
    in_variants = {
        "Question": {variant.question for variant in ASKED},
        "Caution": {code for variant in VARIANTS for code in variant.cautions} | {"no-ct"},
        "Refusal": {variant.refusal for variant in REFUSED},
    }[kind]
    documented = documented_codes(section)
    assert documented == codes_in_source(kind)
    assert documented - NOT_OF_A_HEADER == in_variants


def documented_codes(section: str) -> set[str]:
    text = (Path(__file__).resolve().parents[3] / "docs" / "suv.md").read_text(encoding="utf-8")
    table = text.split(f"## {section}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE))


def codes_in_source(kind: str) -> set[str]:
    """The codes of all cautions, questions or refusals that the room `study` can raise, from its source."""
    codes: set[str] = set()
    for path in Path(CLIPSLib.study.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assigned = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == kind and node.args:
                code = node.args[0]
                codes |= constants(assigned[code.id] if isinstance(code, ast.Name) else code)
    return codes


def constants(code: ast.expr) -> set[str]:
    branches = [code.body, code.orelse] if isinstance(code, ast.IfExp) else [code]
    assert all(isinstance(branch, ast.Constant) for branch in branches), ast.unparse(code)
    return {branch.value for branch in branches}


def assert_suv(image, values: np.ndarray, variant: Variant) -> None:
    import SimpleITK as sitk

    factors = np.broadcast_to(np.atleast_1d(variant.factor), len(values))
    expected = values * factors[:, None, None]
    np.testing.assert_allclose(sitk.GetArrayViewFromImage(image), expected, rtol=1e-6, atol=1e-9)


def assert_message(error: Question | Refusal, variant: Variant, code: str) -> None:
    assert error.code == code, str(error)
    assert not [words for words in variant.says if words not in str(error)], str(error)
    assert error.where and error.remedy, "a message names the place and what to do"


def first_factor(variant: Variant) -> float:
    return variant.factor if isinstance(variant.factor, float) else variant.factor[0]


def formula_result(formula: str) -> float:
    """The formula with its numbers, computed as a reader with a pocket calculator would (value = 1)."""
    parts = formula.split(" = ")
    numbers = parts[-2] if len(parts) > 2 else parts[-1].split("(")[0]
    plain = re.sub(r"(?<=[\d)]) (Bq/mL|g/mL|cm2|Bq|g|s)\b", "", numbers).replace("^", "**").replace("value", "1.0")
    assert re.fullmatch(r"[\d.e+\-*/() ]+", plain), formula
    result = eval(plain, {"__builtins__": {}})
    assert math.isfinite(result)
    return result
