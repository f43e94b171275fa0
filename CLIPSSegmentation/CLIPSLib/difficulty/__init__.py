"""How hard each case is: many measurers, one kind of table; how far to trust it (docs/difficulty.md)."""

from CLIPSLib.difficulty.acquisition import Acquisition, acquisitions
from CLIPSLib.difficulty.agreement import agreement
from CLIPSLib.difficulty.catalog import describe_measurer, list_measurers
from CLIPSLib.difficulty.combination import combine
from CLIPSLib.difficulty.given import given_table
from CLIPSLib.difficulty.leakage import require_unlearned
from CLIPSLib.difficulty.measure import measure_difficulties, measure_difficulty, participants_of
from CLIPSLib.difficulty.options import UptakeOptions
from CLIPSLib.difficulty.ranking import easiest_first, percentiles
from CLIPSLib.difficulty.rating_form import RATING_FORMS, RatingForm
from CLIPSLib.difficulty.settings import AUTOPET, MeasureSettings
from CLIPSLib.difficulty.store import read_difficulty, write_difficulty
from CLIPSLib.difficulty.types import Agreement, DifficultyTable, MeasurerDescription, Validity
from CLIPSLib.difficulty.validity import validity

__all__ = [
    "AUTOPET",
    "RATING_FORMS",
    "Acquisition",
    "Agreement",
    "DifficultyTable",
    "MeasureSettings",
    "MeasurerDescription",
    "RatingForm",
    "UptakeOptions",
    "Validity",
    "acquisitions",
    "agreement",
    "combine",
    "describe_measurer",
    "easiest_first",
    "given_table",
    "list_measurers",
    "measure_difficulties",
    "measure_difficulty",
    "participants_of",
    "percentiles",
    "read_difficulty",
    "require_unlearned",
    "validity",
    "write_difficulty",
]
