"""The PET series of a folder, study by study: one of each study is meant. For commands, jobs and panels."""

from __future__ import annotations

from dataclasses import replace

from CLIPSLib.study.types import FoundStudies, StudyCandidate


def group_by_study(found: FoundStudies) -> list[FoundStudies]:
    """Each study with its own candidates, in the order found; `choose_candidate` takes the one that is meant.

    Uncorrected series and other reconstructions of a study stand behind those that can be used.
    """
    groups: dict[tuple[str, str], list[StudyCandidate]] = {}
    for candidate in found.candidates:
        groups.setdefault((candidate.pet.patient_id, candidate.pet.study_uid), []).append(candidate)
    return [
        replace(found, candidates=tuple(sorted(group, key=lambda candidate: bool(candidate.refusals))))
        for group in groups.values()
    ]
