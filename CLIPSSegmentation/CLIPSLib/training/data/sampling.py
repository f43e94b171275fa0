"""Where in a case a patch lies: on a lesion with a given probability, else anywhere in the body.

Called by `patches.py`.
"""

from __future__ import annotations

import numpy as np

from CLIPSLib.training.data.prepared import PreparedCase

Start = tuple[int, int, int]


def choose_start(prepared: PreparedCase, patch: Start, lesion_share: float, random: np.random.Generator) -> Start:
    """The first voxel (z, y, x) of a patch; negative where the volume is smaller than the patch: it is centered then.

    A lesion patch is centered on a random voxel of a random class that the case has: classes count the same, however
    large. A case without lesions gives patches of the body only. Patches do not reach beyond the volume on an axis
    where it is large enough.
    """
    on_lesion = random.random() < lesion_share  # drawn for empty cases too: the stream does not depend on the mask
    place, jump = random.random(2)
    of_classes = [sites for sites in _lesion_sites(prepared) if len(sites)] if on_lesion else []
    sites = of_classes[int(jump * len(of_classes))] if of_classes else prepared.load("body_sites")
    center = np.unravel_index(int(sites[int(place * len(sites))]), prepared.facts.shape)
    return tuple(
        (size - length) // 2 if size <= length else int(np.clip(middle - length // 2, 0, size - length))
        for middle, size, length in zip(center, prepared.facts.shape, patch, strict=True)
    )


def _lesion_sites(prepared: PreparedCase) -> list[np.ndarray]:
    """Flat indices of remembered lesion voxels, one array per class."""
    return np.split(prepared.load("lesion_sites"), np.cumsum(prepared.site_counts)[:-1])
