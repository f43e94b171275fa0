"""TMTV-Net as a `Segmenter`: options in, candidate lesions with their provenance out.

Made by the model store from a description and the two published weight files.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from CLIPSLib import provenance
from CLIPSLib.errors import Caution, Refusal
from CLIPSLib.imaging import array_view, at_least, require_finite
from CLIPSLib.models import load_network, read_state, state_sha256
from CLIPSLib.progress import Reporter
from CLIPSLib.segmentation.lesions import describe_source, lesions_from_mask
from CLIPSLib.segmentation.options import complete_options
from CLIPSLib.segmentation.tmtvnet.options import TMTVNET, TMTVNET_RULES, mask_threshold
from CLIPSLib.segmentation.types import Segmentation, SegmenterDescription

if TYPE_CHECKING:
    import torch

    from CLIPSLib.segmentation.tmtvnet.cascade import CascadeResult
    from CLIPSLib.segmentation.tmtvnet.volumes import Volumes
    from CLIPSLib.study import PetCtStudy


@dataclass(frozen=True)
class TmtvNetWeights:
    """The state dicts of both stages, and the SHA-256 of each file they came from by its name."""

    ensemble: Mapping[str, torch.Tensor]
    refiner: Mapping[str, torch.Tensor]
    sha256: Mapping[str, str]


def read_weights(ensemble: str | Path, refiner: str | Path) -> TmtvNetWeights:
    """Both weight files as published (`e_latest.model`, `r_latest.model`).

    Raises:
        Failure, Refusal: as `models.read_state`.
    """
    files = [Path(ensemble), Path(refiner)]
    return TmtvNetWeights(*(read_state(file) for file in files), {file.name: state_sha256(file) for file in files})


class TmtvNetSegmenter:
    """The cascade with its options.

    load: gives the weights when they are first needed, so that listing models reads no weight file.
    """

    def __init__(self, load: Callable[[], TmtvNetWeights], description: SegmenterDescription = TMTVNET) -> None:
        self.description = description
        self._load = load

    def segment(self, study: PetCtStudy, options: Mapping[str, Any], reporter: Reporter) -> Segmentation:
        """Candidate lesions of a study with PET and CT. Options: `tmtvnet.options`.

        Raises:
            UsageError: an option that does not exist, is out of range, or asks for a device that is not there.
            Refusal: no CT, voxels that are not finite, or weights of another network.
            Failure: weights cannot be read, or not enough memory on any device.
            Cancelled: `reporter.check` said so.
        """
        chosen = complete_options(self.description, options, TMTVNET_RULES)
        pet, ct = _images(study)
        started = time.monotonic()
        reporter.progress("Preparing TMTV-Net", 0.0)
        weights = self._load()
        networks = (
            load_network("tmtvnet-ensemble", weights.ensemble, where="first stage"),
            load_network("tmtvnet-refiner", weights.refiner, where="second stage"),
        )
        reporter.check()
        from CLIPSLib.segmentation.tmtvnet import cascade, volumes

        original = chosen["fidelity"] == "original"
        prepared = (volumes.original_volumes if original else volumes.corrected_volumes)(pet, ct)
        reporter.progress("Preparing TMTV-Net", 1.0)
        reporter.check()
        threshold = mask_threshold(chosen)
        result = cascade.run_cascade(
            prepared,
            *networks,
            cascade.CascadeOptions(
                original=original, suv_threshold=threshold, skip_air=chosen["skip_air"] and not original
            ),
            _settings(chosen),
            reporter,
        )
        facts = _run_facts(result, weights, chosen, time.monotonic() - started)
        return self._finish(study, prepared, result, chosen, threshold, facts)

    def _finish(
        self,
        study: PetCtStudy,
        prepared: Volumes,
        result: CascadeResult,
        chosen: Mapping[str, Any],
        threshold: float | None,
        facts: Mapping[str, Any],
    ) -> Segmentation:
        """Back onto the study's grid, threshold inside the mask, components to lesions."""
        from CLIPSLib.segmentation.tmtvnet.volumes import on_study_grid

        mask = array_view(on_study_grid(result.mask, prepared, study.pet)) != 0
        if threshold is not None:
            mask &= at_least(array_view(study.pet), threshold)
        parameters = {**chosen, "suv_threshold": threshold}
        name = self.description.name
        labels, lesions = lesions_from_mask(
            mask,
            study,
            connectivity=chosen["connectivity"],
            min_volume_ml=chosen["min_volume_ml"],
            model=name,
            parameters=parameters,
        )
        return Segmentation(
            labels=labels,
            lesions=lesions,
            probability=on_study_grid(result.probability, prepared, study.pet),
            provenance={
                **describe_source(study, model=name, title=self.description.title, parameters=parameters),
                "connectivity": chosen["connectivity"],
                "min_volume_ml": chosen["min_volume_ml"],
                **facts,
            },
            valid_for=None if threshold is None else f"suv >= {threshold:g}",
            cautions=(*result.cautions, *_no_lesion(lesions, threshold)),
        )


def _images(study: PetCtStudy) -> tuple[Any, Any]:
    if study.ct is None:
        raise Refusal(
            "ct-needed",
            "TMTV-Net needs the CT of the study, and there is none",
            study.identity.pet_series_uid,
            "Add the CT series, or choose a threshold method.",
        )
    require_finite(array_view(study.pet), "The PET", study.identity.pet_series_uid)
    require_finite(array_view(study.ct), "The CT", study.identity.ct_series_uid)
    return study.pet, study.ct


def _settings(chosen: Mapping[str, Any]):
    from CLIPSLib.segmentation.sliding_window.device import ALL_FLIPS, EngineSettings

    return EngineSettings(
        device=chosen["device"],
        precision="mixed" if chosen["speed"] == "fast" else "float32",
        flips=ALL_FLIPS if chosen["flips"] else ((),),
        optimized=chosen["fidelity"] != "original",
    )


def _run_facts(
    result: CascadeResult, weights: TmtvNetWeights, chosen: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    """What was computed, on what, with which weights: for the provenance."""
    return {
        "weights_sha256": dict(weights.sha256),
        "device": result.device,
        "precision": "float32" if chosen["speed"] == "accurate" else "mixed",
        "tiles": result.tiles,
        "libraries": provenance.library_versions(),
        "seconds": round(seconds, 1),
    }


def _no_lesion(lesions: tuple, threshold: float | None) -> tuple[Caution, ...]:
    if lesions:
        return ()
    kept = "" if threshold is None else f" with SUV >= {threshold:g}"
    return (Caution("no-candidate", f"TMTV-Net found no lesion{kept}"),)
