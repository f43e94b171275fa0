"""SUV matrix: units, SUV by other norms, slopes, and Philips' factors."""

from __future__ import annotations

from pydicom import Dataset
from suv_matrix.variant import IMPLICIT, ONE_HOUR, Variant, asks, converts, refuses

GE = {"Manufacturer": "GE MEDICAL SYSTEMS"}
PHILIPS = {"Manufacturer": "Philips Medical Systems", "Units": "CNTS"}
PHILIPS_CREATOR = {(0x7053, 0x0010): ("LO", "Philips PET Private Group")}
NO_INJECTION = {"injections": 0, "PatientWeight": None}


def philips(suv: str | None, activity: str | None, vr: str = "DS") -> dict[tuple[int, int], tuple[str, object]]:
    """Philips' private block with its SUV factor and its activity factor."""
    factors = {(0x7053, 0x1000): suv, (0x7053, 0x1009): activity}
    encoded = {tag: (vr, text.encode() if vr == "UN" else text) for tag, text in factors.items() if text is not None}
    return PHILIPS_CREATOR | encoded


def units_of_last_slice(dataset: Dataset, index: int) -> None:
    if index == 5:
        dataset.Units = "GML"


UNITS = [
    converts("Bq/mL", 70e3 / (370e6 * 2 ** (-3600 / 6586.2)), Units="BQML"),
    converts(
        "GE: every slice its own slope",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        slope=lambda i: 0.5 + 0.25 * i,
        RadiopharmaceuticalStartTime="100000.00",
        FrameReferenceTime="0",
        **GE,
    ),
    converts(
        "Siemens: one slope but for an odd slice",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        slope=lambda i: 1.25 if i == 4 else 0.75,
    ),
    converts(
        "intercept: applied and said",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("intercept-not-zero",),
        says=("RescaleIntercept (0028,1052) = 100",),
        RescaleIntercept="100",
    ),
    converts("unsigned pixels above 32767", ONE_HOUR, dtype="uint16", slope=0.1, stored_factor=10),
    converts("SUV already", 1.0, slope=0.0003, Units="GML", SUVType="BW"),
    converts("SUV already, SUVType absent", 1.0, slope=0.0003, Units="GML"),
    converts(
        "SUV already: dose, times and weight play no part",
        1.0,
        cautions=("tracer-not-fdg",),
        slope=0.0003,
        Units="GML",
        SeriesTime=None,
        **NO_INJECTION,
    ),
    converts(
        "g/mL that cannot be SUV",
        1.0,
        cautions=("body-mean-suv",),
        says=("mean SUV",),
        Units="GML",
        SUVType="BW",
    ),
    converts(
        "SUL (Janmahasatian), woman",
        # W / LBM = 70 / (9270 * 70 / (8780 + 244 * 70 / 1.75^2)) = (8780 + 244 * 22.857143) / 9270
        (8780 + 244 * 70 / 1.75**2) / 9270,
        cautions=("suv-renormalized",),
        says=("Janmahasatian",),
        slope=0.0002,
        Units="GML",
        SUVType="LBMJANMA",
    ),
    converts(
        "SUL (Janmahasatian), man",
        (6680 + 216 * 70 / 1.75**2) / 9270,
        cautions=("suv-renormalized",),
        slope=0.0002,
        Units="GML",
        SUVType="LBMJANMA",
        PatientSex="M",
    ),
    converts(
        "SUL (James, 128), man",
        70 / (1.10 * 70 - 128 * (70 / 175) ** 2),
        cautions=("suv-renormalized",),
        says=("James", "128"),
        slope=0.0002,
        Units="GML",
        SUVType="LBMJAMES128",
        PatientSex="M",
    ),
    converts(
        "SUL (plain LBM: 120), man",
        70 / (1.10 * 70 - 120 * (70 / 175) ** 2),
        cautions=("suv-renormalized",),
        says=("120",),
        slope=0.0002,
        Units="GML",
        SUVType="LBM",
        PatientSex="M",
    ),
    converts(
        "SUL (plain LBM), woman, height in centimeters",
        70 / (1.07 * 70 - 148 * (70 / 175) ** 2),
        cautions=("suv-renormalized", "height-in-centimeters"),
        says=("175", "1.75 m"),
        slope=0.0002,
        Units="GML",
        SUVType="LBM",
        PatientSize="175",
    ),
    converts(
        "SUL, height that hardly anyone has",
        (8780 + 244 * 70 / 2.5**2) / 9270,
        cautions=("suv-renormalized", "height-unusual"),
        says=("PatientSize (0010,1020) = 2.5 m", "1.0 to 2.2 m"),
        slope=0.0003,
        Units="GML",
        SUVType="LBMJANMA",
        PatientSize="2.5",
    ),
    converts(
        "SUL, sex O: the mean of both formulas, said",
        70 / ((9270 * 70 / (6680 + 216 * 70 / 1.75**2) + 9270 * 70 / (8780 + 244 * 70 / 1.75**2)) / 2),
        cautions=("suv-renormalized",),
        says=("PatientSex (0010,0040) is 'O'", "mean"),
        slope=0.0002,
        Units="GML",
        SUVType="LBMJANMA",
        PatientSex="O",
    ),
    converts(
        "SUV by ideal weight, woman",
        70 / (45.5 + 0.91 * (175 - 152)),
        cautions=("suv-renormalized",),
        says=("ideal body weight",),
        slope=0.0003,
        Units="GML",
        SUVType="IBW",
    ),
    converts(
        "SUV by body surface (CM2ML, SUVType absent)",
        # Du Bois: 0.007184 * W^0.425 * h^0.725 m2, 1 m2 = 1e4 cm2
        70e3 / (0.007184 * 70**0.425 * 175**0.725 * 1e4),
        cautions=("suv-renormalized",),
        says=("Du Bois",),
        slope=0.0001,
        Units="CM2ML",
    ),
    converts(
        "SUV by body surface, sex unknown",
        70e3 / (0.007184 * 70**0.425 * 175**0.725 * 1e4),
        cautions=("suv-renormalized",),
        slope=0.0001,
        Units="CM2ML",
        SUVType="BSA",
        PatientSex=None,
    ),
    refuses(
        "SUL without height",
        "norm-needs-body-size",
        "PatientSize (0010,1020)",
        "height_m",
        Units="GML",
        SUVType="LBM",
        PatientSize=None,
    ),
    converts(
        "SUL, height typed",
        70 / (1.07 * 70 - 148 * (70 / 160) ** 2),
        cautions=("suv-renormalized",),
        answers={"height_m": 1.60},
        slope=0.0002,
        Units="GML",
        SUVType="LBM",
        PatientSize=None,
    ),
    refuses(
        "SUL without sex",
        "norm-needs-body-size",
        "PatientSex (0010,0040)",
        "(sex)",
        Units="GML",
        SUVType="LBMJANMA",
        PatientSex=None,
    ),
    asks(
        "SUL without weight",
        "weight-missing",
        "weight_kg",
        "PatientWeight (0010,1030)",
        Units="GML",
        SUVType="LBM",
        PatientWeight=None,
    ),
    refuses(
        "lean mass that the formula makes negative",
        "norm-not-positive",
        "James",
        "300 kg",
        Units="GML",
        SUVType="LBMJAMES128",
        PatientWeight="300",
        PatientSize="1.50",
    ),
    refuses("SUVType unknown", "suv-type", "SUVType (0054,1006)", "GLUCOSE", Units="GML", SUVType="GLUCOSE"),
    refuses("SUVType BSA in g/mL", "suv-type", "BSA", "GML", Units="GML", SUVType="BSA"),
    refuses("SUVType BW in cm2/mL", "suv-type", "BW", "CM2ML", Units="CM2ML", SUVType="BW"),
    refuses("counts per second (GE, not corrected)", "units", "Units (0054,1001)", "CPS", Units="CPS", **GE),
    refuses("proportional to counts per second (Siemens)", "units", "PROPCPS", Units="PROPCPS"),
    refuses("proportional to counts (GE)", "units", "PROPCNTS", Units="PROPCNTS", **GE),
    refuses("an attenuation map", "units", "'1CM'", Units="1CM"),
    refuses("percent", "units", "PCNT", Units="PCNT"),
    refuses(
        "Units differ between slices", "slices-contradict", "Units (0054,1001)", "BQML", "GML", edit=units_of_last_slice
    ),
    refuses("Units absent", "units", "Units (0054,1001)", "absent", Units=None),
]

PHILIPS_FACTORS = [
    converts(
        "counts: both factors, which agree",
        0.000552673,
        # 2.0 Bq/mL per count * ONE_HOUR = 0.000552673
        slope=0.5,
        private=philips("0.000552673", "2.0"),
        **PHILIPS,
    ),
    converts(
        "counts: both factors, which differ by 9 %",
        0.0005,
        cautions=("vendor-factor-disagrees",),
        says=("(7053,1000)", "0.0005", "(7053,1009)", "%"),
        slope=0.5,
        private=philips("0.0005", "2.0"),
        **PHILIPS,
    ),
    converts(
        "counts: SUV factor only, without dose, weight and time",
        0.0004,
        cautions=("tracer-not-fdg",),
        private=philips("0.0004", None),
        **PHILIPS,
        **NO_INJECTION,
    ),
    converts(
        "counts: activity factor only",
        1.25 * 70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        private=philips(None, "1.25"),
        **PHILIPS,
    ),
    converts(
        "counts: SUV factor 0 is not valid, activity factor is",
        1.25 * 70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        private=philips("0.0", "1.25"),
        **PHILIPS,
    ),
    converts(
        "counts: SUV factor unreadable, activity factor is not",
        1.25 * 70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("factor-unreadable",),
        says=("(7053,1000)", "-1"),
        private=philips("-1", "1.25"),
        **PHILIPS,
    ),
    converts(
        "counts: factors in implicit VR", 0.0004, transfer_syntax=IMPLICIT, private=philips("0.0004", "0"), **PHILIPS
    ),
    converts("counts: factors as UN bytes", 0.0004, private=philips("0.0004 ", "0 ", vr="UN"), **PHILIPS),
    converts(
        "counts: creator stripped by anonymization",
        0.0004,
        private={(0x7053, 0x1000): ("DS", "0.0004")},
        edit=lambda ds, i: ds.pop(0x70530010, None),
        **PHILIPS,
    ),
    converts(
        "counts: Philips' block moved behind another one",
        0.0004,
        private={
            (0x7053, 0x0010): ("LO", "SOMEONE ELSE"),
            (0x7053, 0x1000): ("DS", "5.0"),
            (0x7053, 0x0011): ("LO", "Philips PET Private Group"),
            (0x7053, 0x1100): ("DS", "0.0004"),
        },
        **PHILIPS,
    ),
    refuses(
        "counts: the block belongs to someone else",
        "counts-without-factor",
        "CNTS",
        "(7053,1000)",
        private={(0x7053, 0x0010): ("LO", "SOMEONE ELSE"), (0x7053, 0x1000): ("DS", "5.0")},
        **PHILIPS,
    ),
    refuses("counts: no factor", "counts-without-factor", "CNTS", "(7053,1000)", "(7053,1009)", "missing", **PHILIPS),
    refuses(
        "counts: both factors 0",
        "counts-without-factor",
        "(7053,1000)",
        "'0.0'",
        "not valid",
        private=philips("0.0", "0.0"),
        **PHILIPS,
    ),
    converts(
        "Bq/mL with Philips' factors: they are not applied",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        private=philips("0.000552673", "2.0"),
        Manufacturer="Philips Medical Systems",
    ),
    converts(
        "Bq/mL with Philips' factors, whose ratio differs",
        70e3 / (370e6 * 2 ** (-3600 / 6586.2)),
        cautions=("vendor-factor-disagrees",),
        says=("(7053,1000)/(7053,1009)", "0.00025"),
        private=philips("0.0005", "2.0"),
        Manufacturer="Philips Medical Systems",
    ),
]

VARIANTS: list[Variant] = [*UNITS, *PHILIPS_FACTORS]
