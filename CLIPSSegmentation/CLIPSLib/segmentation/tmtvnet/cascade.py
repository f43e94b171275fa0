"""The two stages of TMTV-Net one after the other: ensemble at 6 mm, refiner at PET resolution.

Called by the segmenter. Sibille et al. (AutoPET 2022) and Yousefirizi et al., EJNMMI 2024;51:1937.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import nn

from CLIPSLib.errors import Caution
from CLIPSLib.progress import Reporter
from CLIPSLib.segmentation.sliding_window.accumulate import HalfAccumulator, SlabAccumulator
from CLIPSLib.segmentation.sliding_window.device import EngineSettings
from CLIPSLib.segmentation.sliding_window.engine import Job, Run, slide
from CLIPSLib.segmentation.sliding_window.tiles import Index, TileGrid, centered_grid, chessboard_weight
from CLIPSLib.segmentation.tmtvnet.channels import PetCtTiles
from CLIPSLib.segmentation.tmtvnet.skipping import tiles_reaching, tiles_read, tiles_with_tissue
from CLIPSLib.segmentation.tmtvnet.volumes import Volumes, native_probability

ENSEMBLE_TILE = (128, 96, 96)
REFINER_TILE = (96, 96, 96)
BACKGROUND, LESION = 0, 1


@dataclass(frozen=True, kw_only=True)
class CascadeOptions:
    """original: float16 arithmetic of the published program. suv_threshold: only voxels at or above it will be kept
    of the mask, so that tiles without any are left out. skip_air: leave out refiner tiles without a body."""

    original: bool = False
    suv_threshold: float | None = None
    skip_air: bool = True


@dataclass(frozen=True, kw_only=True)
class CascadeResult:
    """On the volumes' native grid, `[z, y, x]`. coarse: the first stage's lesion probability at 6 mm.

    tiles: per stage, how many were run and how many left out.
    """

    mask: np.ndarray
    probability: np.ndarray
    coarse: np.ndarray
    native: np.ndarray
    tiles: dict[str, dict[str, int]]
    device: str
    cautions: tuple[Caution, ...]


def run_cascade(
    volumes: Volumes,
    ensemble: nn.Module,
    refiner: nn.Module,
    options: CascadeOptions,
    settings: EngineSettings,
    reporter: Reporter,
) -> CascadeResult:
    """Both stages over whole volumes; needed tiles only.

    Raises:
        as `slide`.
    """
    coarse_grid = centered_grid(volumes.coarse_suv.shape, ENSEMBLE_TILE)
    native_grid = centered_grid(volumes.suv.shape, REFINER_TILE)
    needed = _needed(native_grid, volumes, options)
    read = tiles_read(coarse_grid, native_grid, needed, volumes.coarse_per_native)
    coarse, first = _coarse_stage(volumes, ensemble, coarse_grid, read, options, settings, reporter)
    native = native_probability(volumes, coarse[-1])
    source = PetCtTiles(native_grid, volumes.suv, volumes.ct, native, rounded=options.original)
    fine, second = _stage("TMTV-Net at PET resolution", refiner, source, needed, options, settings, reporter)
    return CascadeResult(
        mask=fine[LESION] > fine[BACKGROUND] if options.original else fine[-1] > 0.5,
        probability=fine[-1].astype(np.float32, copy=False),
        coarse=coarse[-1],
        native=native,
        tiles={"ensemble": _counts(coarse_grid, read), "refiner": _counts(native_grid, needed)},
        device=str(second.device),
        cautions=(*first.cautions, *second.cautions),
    )


def first_stage(
    volumes: Volumes, ensemble: nn.Module, settings: EngineSettings, reporter: Reporter
) -> tuple[np.ndarray, tuple[Caution, ...]]:
    """The first stage alone: its lesion probability on the volumes' native grid, `[z, y, x]`, and cautions.

    What a refiner is trained with. Raises as `slide`.
    """
    grid = centered_grid(volumes.coarse_suv.shape, ENSEMBLE_TILE)
    coarse, run = _coarse_stage(volumes, ensemble, grid, list(grid.starts), CascadeOptions(), settings, reporter)
    return native_probability(volumes, coarse[-1]), tuple(run.cautions)


def _coarse_stage(
    volumes: Volumes,
    ensemble: nn.Module,
    grid: TileGrid,
    starts: list[Index],
    options: CascadeOptions,
    settings: EngineSettings,
    reporter: Reporter,
) -> tuple[np.ndarray, Run]:
    source = PetCtTiles(grid, volumes.coarse_suv, volumes.coarse_ct, rounded=False)
    return _stage("TMTV-Net at 6 mm", ensemble, source, starts, options, settings, reporter)


def _needed(grid: TileGrid, volumes: Volumes, options: CascadeOptions) -> list[Index]:
    if options.suv_threshold is not None:
        return tiles_reaching(grid, volumes.suv, options.suv_threshold)
    if options.skip_air:
        return tiles_with_tissue(grid, volumes.suv, volumes.ct)
    return list(grid.starts)


def _stage(
    stage: str,
    network: nn.Module,
    source: PetCtTiles,
    starts: list[Index],
    options: CascadeOptions,
    settings: EngineSettings,
    reporter: Reporter,
) -> tuple[np.ndarray, Run]:
    job = Job(
        networks=(network,),
        source=source,
        grid=source.grid,
        weight=chessboard_weight(source.grid.tile),
        channels=(BACKGROUND, LESION) if options.original else (LESION,),
        stage=stage,
        starts=starts,
        accumulator=HalfAccumulator if options.original else SlabAccumulator,
    )
    return slide(job, settings, reporter)


def _counts(grid: TileGrid, starts: list[Index]) -> dict[str, int]:
    return {"run": len(starts), "skipped": len(grid.starts) - len(starts)}
