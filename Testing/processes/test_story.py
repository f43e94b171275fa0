"""The end-to-end test: a department's story on phantoms, shortened (`make story` tells all of it)."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("monai")
pytest.importorskip("matplotlib")

from story import tell

pytestmark = pytest.mark.slow


def test_from_the_first_import_to_a_model_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.setenv("CLIPS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    said: list[str] = []
    ending = tell(tmp_path / "story", patients=6, steps=30, say=said.append)
    assert ending.cases == 6
    assert len(set(ending.scores.values())) > 1  # patients differ, to the reader ...
    assert len(set(ending.difficulty.values())) == 6  # ... and to the measurer
    assert ending.winner == "vanilla"  # one seed shows no lead beyond luck
    assert ending.model in said[-2]
    assert ending.tmtv_ml > 0
    assert 0 < ending.dice <= 1  # thirty steps make no useful network
    assert "large-first: a first look, no conclusion" in ending.report.read_text(encoding="utf-8")
