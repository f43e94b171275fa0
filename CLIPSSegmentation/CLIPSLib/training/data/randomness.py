"""Random numbers of one patch: a function of (seed, step, place in the batch, case), never of what was drawn before.

So any process can make any patch at any time, bit by bit the same, and a resumed run needs no state of generators.
"""

from __future__ import annotations

import hashlib

import numpy as np


def generator(*key: object) -> np.random.Generator:
    """A generator that depends on `key` only (Philox, counter-based: Salmon et al., SC 2011)."""
    digest = hashlib.blake2b("/".join(map(str, key)).encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))
