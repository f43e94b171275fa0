"""Which mask stands for the truth: a pointer with a history. Called by `Registry`."""

from __future__ import annotations

from CLIPSLib.cases.database import Database
from CLIPSLib.cases.folder import RegistryFolder
from CLIPSLib.cases.identities import scrubber_of
from CLIPSLib.cases.masks import find_mask, require_mask_of
from CLIPSLib.cases.people import require_name
from CLIPSLib.cases.records import find_case
from CLIPSLib.cases.types import MaskVersion, ReferenceChoice
from CLIPSLib.provenance import utc_now

_OF_CASE = "SELECT * FROM reference_choices WHERE case_id = ? ORDER BY choice_id"


def set_reference(
    database: Database, folder: RegistryFolder, case_id: str, mask_id: str, *, author: str, comment: str
) -> None:
    """Point at a mask of the case from now on."""
    require_mask_of(database, mask_id, case_id)
    choice = {
        "case_id": case_id,
        "mask_id": mask_id,
        "author": require_name(author, "author"),
        "comment": scrubber_of(folder.identities, case_id).text(comment),
        "chosen_utc": utc_now(),
    }
    with database.transaction():
        find_case(database, case_id)  # it may have been removed since it was asked for
        database.insert("reference_choices", choice)


def current(database: Database, case_id: str) -> MaskVersion | None:
    """The mask chosen last."""
    choice = database.row(f"{_OF_CASE} DESC LIMIT 1", (case_id,))
    return None if choice is None else find_mask(database, choice["mask_id"])


def history(database: Database, case_id: str) -> list[ReferenceChoice]:
    """All choices, oldest first."""
    return [
        ReferenceChoice(**{name: row[name] for name in ("case_id", "mask_id", "author", "chosen_utc", "comment")})
        for row in database.rows(_OF_CASE, (case_id,))
    ]
