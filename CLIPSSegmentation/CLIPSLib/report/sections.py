"""The parts of a report as HTML: what comes from outside is escaped here, and only here. Used by `html`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from CLIPSLib.errors import Caution
from CLIPSLib.measures.types import LesionMeasures, Measures
from CLIPSLib.report.cautions import caution_list
from CLIPSLib.report.figure import MOST_NUMBERS, WINDOW_SUV, views_svg
from CLIPSLib.report.mip import project
from CLIPSLib.report.text import Language
from CLIPSLib.segmentation.appearance import segment_color
from CLIPSLib.segmentation.types import PHYSIOLOGICAL, TUMOR, Segmentation
from CLIPSLib.study.types import PetCtStudy, StudyIdentity, SuvFactor, SuvInput

_USER_ENTERED = "user-entered"


def header(identity: StudyIdentity, say: Language, *, anonymous: bool) -> str:
    """Title, and whose examination it is."""
    if anonymous:
        who = f'<p class="who"><strong>{say["anonymous"]}</strong></p>'
    else:
        born = f", {say['birth_date']} {say.date(identity.birth_date)}" if identity.birth_date else ""
        name = " ".join(part for part in identity.patient_name.replace("^", " ").split() if part)
        lines = [f"<strong>{escape(name or identity.patient_id)}</strong>{escape(born)}"]
        if identity.patient_id and name not in ("", identity.patient_id):
            lines.append(f"{say['patient_id']} {escape(identity.patient_id)}")
        if identity.study_date:
            lines.append(f"{say['study_date']} {escape(say.date(identity.study_date))}")
        if identity.study_description:
            lines.append(escape(identity.study_description))
        who = f'<p class="who">{"<br>".join(lines)}</p>'
    return f'<header><div><p class="brand">CLIPS</p><h1>{say["title"]}</h1></div>{who}</header>'


def status(measures: Measures, say: Language) -> str:
    """Whether a person has looked at the result: said before any number."""
    state = "reviewed" if measures.patient.reviewed else "unreviewed"
    return f'<p class="status {state}" role="note"><strong>{say[state]}.</strong> {say[state + "_more"]}</p>'


def key_numbers(measures: Measures, say: Language) -> str:
    """TMTV, TLG, lesions, Dmax, SDmax, big; the SUV of the whole tumor below."""
    patient = measures.patient
    tmtv_label = say["tmtv"] if patient.reviewed else f"{say['tmtv']}<br><b>{say['unreviewed']}</b>"
    cards = (
        _card("tmtv", tmtv_label, "TMTV", say.volume(patient.tmtv_ml), "mL"),
        _card("tlg", say["tlg"], "TLG", say.number(patient.tlg_g, 1), "g"),
        _card(
            "count",
            say["lesions_3ml"].format(count=patient.lesion_count_3ml),
            say["lesions"],
            str(patient.lesion_count),
        ),
        _card("dmax", say["dmax_more"], say["dmax"], say.number(patient.d_max_mm, 0), "mm"),
        _card("sdmax", say["sdmax_more"], say["sdmax"], say.number(patient.sd_max_per_m, 3), "m⁻¹"),
    )
    suv = " · ".join(
        f"{say[key]} <b>{say.number(getattr(patient, key), 2)}</b>" for key in ("suv_max", "suv_mean", "suv_peak")
    )
    empty = f'<p class="empty"><b>{say["none_found"]}.</b> {say["none_found_more"]}</p>'
    method = f'<p class="line"><b>{escape(patient.method.replace(">=", "≥"))}</b> · {suv}</p>'
    return (
        f'<section class="key" aria-label="{say["tmtv"]}"><div class="cards">{"".join(cards)}</div>'
        f"{method}{'' if patient.lesion_count else empty}</section>"
    )


def cautions(items: Iterable[Caution], say: Language) -> str:
    """Everything the reader must know before using the numbers; nothing when there is nothing."""
    listed = caution_list(items, say)
    return f'<section class="cautions"><h2>{say["cautions"]}</h2>{listed}</section>' if listed else ""


def images(study: PetCtStudy, segmentation: Segmentation, say: Language) -> str:
    """Anterior and left lateral projections, without and with the lesions."""
    caption = [say["image_caption"].format(window=f"{WINDOW_SUV:g}")]
    kinds = [lesion.kind for lesion in segmentation.lesions]
    if PHYSIOLOGICAL in kinds:
        caption.append(say["physiological_caption"])
    if kinds.count(TUMOR) > MOST_NUMBERS:
        caption.append(say["most_numbers"].format(count=MOST_NUMBERS))
    views = views_svg(project(study.pet, segmentation), say.texts)
    return (
        f'<section class="images"><h2>{say["images"]}</h2><div class="views">{views}</div>'
        f'<p class="caption"><span class="window" aria-hidden="true"><i>0</i><b></b><i>{WINDOW_SUV:g} SUV</i></span>'
        f"{' '.join(caption)}</p></section>"
    )


def lesion_table(measures: Measures, segmentation: Segmentation, say: Language) -> str:
    """A row per lesion, the total, and below it what is not counted."""
    tumors = [row for row in measures.lesions if row.kind != PHYSIOLOGICAL]
    uptake = [row for row in measures.lesions if row.kind == PHYSIOLOGICAL]
    if not measures.lesions:
        return ""
    thresholds = _own_thresholds(segmentation)
    columns = (
        (say["number"], ""),
        (say["name"], ""),
        (say["volume"], "mL"),
        (say["suv_max"], ""),
        (say["suv_mean"], ""),
        (say["suv_peak"], ""),
        ("TLG", "g"),
        (say["diameter"], "mm"),
        *([(say["threshold"], "SUV")] if thresholds else []),
        (say["position"], "mm"),
    )
    head = "".join(f'<th scope="col">{name}{f" <small>{unit}</small>" if unit else ""}</th>' for name, unit in columns)
    body = "".join(_lesion_row(row, thresholds, say) for row in tumors) + _total_row(measures, say, bool(thresholds))
    if uptake:
        title = f'<tr class="group"><th colspan="{len(columns)}" scope="colgroup">{say["physiological"]}</th></tr>'
        body += title + "".join(_lesion_row(row, thresholds, say) for row in uptake)
    return (
        f'<section><h2>{say["table"]}</h2><table class="lesions"><thead><tr>{head}</tr></thead><tbody>{body}</tbody>'
        f'</table><p class="caption">{say["table_caption"]}{_fallback_note(thresholds, say)}</p></section>'
    )


def method(measures: Measures, segmentation: Segmentation, say: Language) -> str:
    """How the regions were made: rule, connectivity, minimum volume, and what was left out."""
    facts = segmentation.provenance
    rows = [(say["method"], measures.patient.method.replace(">=", "≥"))]
    if measures.patient.connectivity is not None:
        rows.append((say["connectivity"], say["connectivity_value"].format(count=measures.patient.connectivity)))
    if facts.get("min_volume_ml") is not None:
        rows.append((say["min_volume"], say.number(facts["min_volume_ml"], 1, "mL")))
    discarded = facts.get("discarded") or {}
    if discarded:
        volume = say.volume(discarded["volume_ml"], "mL")
        rows.append((say["discarded"], say["discarded_value"].format(count=discarded["components"], volume=volume)))
    if segmentation.valid_for:
        rows.append((say["valid_for"], segmentation.valid_for.replace(">=", "≥")))
    if facts.get("parameters"):
        rows.append((say["parameters"], ", ".join(f"{k} = {v}" for k, v in sorted(facts["parameters"].items()))))
    return f"<section><h2>{say['method']}</h2>{_facts(rows)}</section>"


def suv_audit(suv: SuvFactor | None, say: Language) -> str:
    """The factor with its formula, every input with value, unit and source, and what else the header could mean."""
    if suv is None:
        return f"<section><h2>{say['suv']}</h2><p>{say['suv_given']}</p></section>"
    if suv.factor is not None:
        factor = say["factor_value"].format(factor=say.plain(suv.factor))
    else:
        low, high = min(suv.slice_factors or (0.0,)), max(suv.slice_factors or (0.0,))
        factor = say["slice_factors"].format(low=say.plain(low), high=say.plain(high))
    head = "".join(f'<th scope="col">{say[key]}</th>' for key in ("input", "value", "unit", "source"))
    body = "".join(_input_row(item, say) for item in suv.inputs)
    table = f'<table class="audit"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>' if body else ""
    return (
        f"<section><h2>{say['suv']}</h2>{_facts([(say['factor'], factor)])}"
        f'<p class="formula">{escape(suv.formula)}</p>{table}{_alternatives(suv, say)}</section>'
    )


def norms(measures: Measures, say: Language) -> str:
    """The hottest values in other norms, each with its factor and formula, or what the header lacks for it."""
    patient = measures.patient
    rows = []
    for norm in measures.norms:
        values = (None, None, None)
        if norm.factor is not None:
            scaled = (value and value * norm.factor for value in (patient.suv_max, patient.suv_peak))
            values = (norm.factor, *scaled)
        cells = "".join(
            f"<td>{say.number(value, places)}</td>" for value, places in zip(values, (4, 2, 2), strict=True)
        )
        rows.append(f'<tr><th scope="row">{escape(norm.name)}</th>{cells}<td>{escape(norm.formula)}</td></tr>')
    titles = (say["norm"], say["factor"], "max", "peak", say["formula"])
    head = "".join(f'<th scope="col">{title}</th>' for title in titles)
    return (
        f"<section><h2>{say['norms']}</h2>"
        f'<table class="norms"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></section>'
    )


def origin(
    study: PetCtStudy, segmentation: Segmentation, software: str, made_utc: str, say: Language, *, anonymous: bool
) -> str:
    """Examination, series and software: enough to make the result again. Anonymous: no ids and no dates."""
    identity = study.identity
    dose, uptake = identity.injected_dose_bq, identity.uptake_min

    def typed(answer: str, value: str) -> str:
        return f"{value} ({say['user_entered']})" if value and answer in identity.user_entered else value

    rows = [
        (say["tracer"], identity.tracer),
        (say["dose"], typed("dose_bq", say.number(dose / 1e6, 0, "MBq") if dose else "")),
        (say["uptake"], typed("injection_time", say.number(uptake, 0, "min") if uptake else "")),
        (say["weight"], typed("weight_kg", say.number(identity.weight_kg, 1, "kg") if identity.weight_kg else "")),
        (say["height"], typed("height_m", say.number(identity.height_m, 2, "m") if identity.height_m else "")),
        (say["scanner"], identity.scanner),
        (say["model"], str(segmentation.provenance.get("model", ""))),
        (say["software"], software),
    ]
    if not anonymous:
        age = say["years"].format(value=say.number(identity.age_years, 0)) if identity.age_years else ""
        rows += [
            (say["sex"], typed("sex", identity.sex)),
            (say["age"], age),
            (say["study"], identity.study_uid),
            (say["pet_series"], " · ".join(filter(None, (identity.pet_description, identity.pet_series_uid)))),
            (say["ct_series"], " · ".join(filter(None, (identity.ct_description, identity.ct_series_uid)))),
            (say["made"], made_utc),
        ]
    if study.ct is None:
        rows = [row for row in rows if row[0] != say["ct_series"]] + [(say["ct_series"], say["no_ct"])]
    return f"<section><h2>{say['origin']}</h2>{_facts(row for row in rows if row[1])}</section>"


def _own_thresholds(segmentation: Segmentation) -> dict[str, Mapping]:
    """The threshold of each lesion by id; empty when all have the same, which the method states once."""
    thresholds = {t["lesion_id"]: t for t in segmentation.provenance.get("thresholds") or ()}
    differ = len({(t["threshold_suv"], t.get("fallback", "")) for t in thresholds.values()}) > 1
    return thresholds if differ else {}


def _card(kind: str, label: str, short: str, value: str, unit: str = "") -> str:
    shown = f'{value}<span class="unit">{unit}</span>' if unit else value
    return (
        f'<div class="card {kind}"><p class="short">{short}</p><p class="value">{shown}</p><p class="label">{label}</p>'
        "</div>"
    )


def _lesion_row(row: LesionMeasures, thresholds: Mapping[str, Mapping], say: Language) -> str:
    red, green, blue = (round(255 * c) for c in segment_color(row.label - 1, row.kind))
    swatch = f'<span class="swatch" style="background:rgb({red},{green},{blue})"></span>'
    cells = [
        say.number(row.volume_ml, 2),
        say.number(row.suv_max, 2),
        say.number(row.suv_mean, 2),
        say.number(row.suv_peak, 2),
        say.number(row.tlg_g, 1),
        say.number(row.max_diameter_mm, 0),
    ]
    if thresholds:
        cells.append(_threshold(thresholds.get(row.lesion_id), say))
    return (
        f'<tr><td class="no">{swatch}{row.label}</td><th scope="row">{escape(row.name)}</th>'
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + f'<td class="position">{_position(row.centroid_lps_mm)}</td></tr>'
    )


def _threshold(threshold: Mapping | None, say: Language) -> str:
    if threshold is None:
        return say.number(None)
    return say.number(threshold["threshold_suv"], 2) + ("*" if threshold.get("fallback") else "")


def _fallback_note(thresholds: Mapping[str, Mapping], say: Language) -> str:
    """What the star in the column of thresholds means, with the reasons that occur."""
    reasons = sorted({t["fallback"] for t in thresholds.values() if t.get("fallback")})
    return f" * {escape(say['fallback'].format(reason=', '.join(reasons)))}" if reasons else ""


def _total_row(measures: Measures, say: Language, with_threshold: bool) -> str:
    patient = measures.patient
    cells = [
        say.number(patient.tmtv_ml, 2),
        say.number(patient.suv_max, 2),
        say.number(patient.suv_mean, 2),
        say.number(patient.suv_peak, 2),
        say.number(patient.tlg_g, 1),
    ]
    blank = "<td></td>" * (3 if with_threshold else 2)
    return (
        f'<tr class="total"><td></td><th scope="row">{say["total"]}</th>'
        + "".join(f"<td>{cell}</td>" for cell in cells)
        + blank
        + "</tr>"
    )


def _position(lps_mm: Sequence[float] | None) -> str:
    """(-12, 34, 633) as "12 R, 34 P, 633 S"; a lesion without voxels is nowhere."""
    if lps_mm is None:
        return "–"
    letters = (("L", "R"), ("P", "A"), ("S", "I"))
    return ", ".join(
        f"{abs(value):.0f}\u202f{positive if value >= 0 else negative}"
        for value, (positive, negative) in zip(lps_mm, letters, strict=True)
    )


def _input_row(item: SuvInput, say: Language) -> str:
    entered = item.source.startswith(_USER_ENTERED)
    source = f"<mark>{say['user_entered']}</mark>" if entered else escape(item.source)
    return (
        f'<tr><th scope="row">{escape(item.name)}</th><td>{escape(say.plain(item.value))}</td>'
        f"<td>{escape(item.unit)}</td><td>{source}</td></tr>"
    )


def _alternatives(suv: SuvFactor, say: Language) -> str:
    if not suv.alternatives:
        return ""
    lines = []
    for other in suv.alternatives:
        ratio = ""
        if suv.factor and other.factor is not None:
            ratio = ": " + say["ratio"].format(ratio=say.number(100.0 * other.factor / suv.factor, 1, "%"))
        lines.append(f"<li>{escape(other.description)}{ratio}</li>")
    return f"<h3>{say['alternatives']}</h3><ul>{''.join(lines)}</ul>"


def _facts(rows: Iterable[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in rows) + "</dl>"
