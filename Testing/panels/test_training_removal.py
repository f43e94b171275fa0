"""CLIPS Training: a case is removed after a reason and a question; damaged unfinished work stops nobody."""

import pytest


@pytest.fixture
def colleague(training, registry_folder):
    """The same registry in the hands of somebody else."""
    from CLIPSLib.cases import Registry

    with Registry.open(registry_folder) as registry:
        yield registry


def ask(host, training, *answers, reason="consent withdrawn"):
    training.cases.ui.removeBox.collapsed = False
    training.cases.ui.removeReasonEdit.text = reason
    with host.answering(*answers) as shown:
        training.cases.ui.removeCaseButton.click()
    return shown


def test_the_selected_case_goes_after_a_reason_and_a_question(host, training, registry_folder):
    import qt

    training.cases.table.select("C0002")
    ask(host, training, reason=" ")
    assert "why the case is removed" in training.cases.ui.registryMessage.text
    ask(host, training, qt.QMessageBox.Cancel)
    assert len(training.rows()) == 3
    ask(host, training, qt.QMessageBox.Ok)
    assert [row[0] for row in training.rows()] == ["C0001", "C0003"]
    assert "C0002 was removed" in training.cases.ui.registryMessage.text
    assert training.registry.removal_of("C0002").author == "A. Reader"
    assert not (registry_folder / "images" / "C0002").exists()


def test_runs_that_have_a_copy_of_its_mask_are_told(host, training, own_data_folder):
    """The list that a run was frozen from is forgotten after a day; the run's own copy stays."""
    import qt
    from CLIPSLib.cases import make_split
    from CLIPSLib.tasks.freeze_cases import FreezeOptions, freeze_cases

    registry = training.registry
    for row in registry.cases():
        registry.set_reference(row.case_id, registry.masks(row.case_id)[0].id, author="A. Reader")
    registry.save_split("main", make_split(registry.cases(), folds=3, seed=0))
    own = own_data_folder / "runs" / "1-run" / "frozen"
    own.parent.mkdir(parents=True)
    freeze_cases(registry, own, split="main", fold=0, options=FreezeOptions(unreviewed=True))
    for note in (registry.folder / "frozen").glob("*.json"):
        note.unlink()  # a copy that a run made is not remembered
    training.cases.table.select("C0002")
    ask(host, training, qt.QMessageBox.Ok)
    assert f"Still in the frozen list {own / 'cases.json'}" in training.cases.ui.registryMessage.text


def test_the_open_case_is_closed_before_it_goes(host, training):
    import qt

    training.open("C0001")
    ask(host, training, qt.QMessageBox.Ok)
    assert training.review.case is None and [row[0] for row in training.rows()] == ["C0002", "C0003"]


def test_unfinished_work_of_a_colleague_stops_the_removal(host, training, colleague):
    import qt

    colleague.save_draft("C0002", "B. Other", colleague.read_mask("C0002-m1"))
    training.cases.table.select("C0002")
    ask(host, training, qt.QMessageBox.Ok, None)
    assert "unfinished work of B. Other" in training.cases.ui.registryMessage.text
    assert len(training.rows()) == 3


def test_a_case_that_a_colleague_removed_can_be_left(host, training, colleague):
    import qt

    training.open("C0001")
    training.delete_lesion()
    colleague.remove_case("C0001", reason="consent withdrawn", author="B. Other")
    assert not training.review.onSave() and "was removed on" in training.review.ui.messageLabel.text
    with host.answering(qt.QMessageBox.Discard, None):
        assert training.panel.openCase("C0002")
    assert training.review.caseId == "C0002"


def test_damaged_unfinished_work_is_put_aside_with_a_word_and_the_case_opens(training, registry_folder):
    training.open("C0001")
    training.delete_lesion()
    training.review.forget()
    (draft,) = (registry_folder / "drafts").iterdir()
    draft.chmod(0o600)
    draft.write_bytes(b"half")
    assert training.open("C0001")
    assert "put aside as drafts/damaged-C0001-" in training.review.ui.messageLabel.text
    assert training.live.measures.patient.lesion_count == 7
    training.delete_lesion()
    assert training.review.onSave()


def test_unfinished_work_that_is_damaged_while_the_case_is_open_stops_no_saving(training, registry_folder):
    training.open("C0001")
    training.delete_lesion()
    training.review.keepDraft()
    (draft,) = (registry_folder / "drafts").iterdir()
    draft.unlink()
    training.delete_lesion()
    assert training.review.onSave()
    assert len(training.registry.masks("C0001")) == 2
