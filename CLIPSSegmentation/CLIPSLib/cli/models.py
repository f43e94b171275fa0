"""`clips models`: what can segment, by which rule, after which publication; install, check and remove models."""

from __future__ import annotations

import argparse
import textwrap
from typing import TYPE_CHECKING, Any

from CLIPSLib.cli.arguments import add_action
from CLIPSLib.cli.output import option_value, print_json, reporter_for
from CLIPSLib.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from CLIPSLib.errors import Caution
    from CLIPSLib.models import InstalledModel
    from CLIPSLib.segmentation import SegmenterDescription

NAME = "models"
SUMMARY = "List the segmentation methods; install, show, verify and remove models."
EXAMPLES = """examples:
  clips models                                       what can segment
  clips models show tmtvnet                          everything about one, with licenses and reported results
  clips models install tmtvnet --weights DOWNLOADS   TMTV-Net, from the folder of its two downloaded files
  clips models install /media/usb/our-model.zip      any other model, folder or ZIP
  clips models verify                                compare all files with their recorded hashes
  clips models remove tmtvnet@published

Nothing is downloaded. How a model is described and packed: docs/models.md.
"""

_INDENT = " " * 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action=_list)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    add_action(actions, "list", "list methods and installed models (the default)", _list)
    show = add_action(actions, "show", "everything about a method or an installed model", _show)
    show.add_argument("model", metavar="NAME", help="as 'clips models' lists it; NAME@VERSION for a certain version")
    install = add_action(actions, "install", "install a model from a folder or ZIP file", _install)
    install.add_argument("source", metavar="PATH", help="folder or ZIP with a model.json; or 'tmtvnet'")
    install.add_argument(
        "--weights", nargs="+", metavar="FILE", help="TMTV-Net: the folder of its two weight files, or both files"
    )
    install.add_argument("--as-version", metavar="VERSION", help="TMTV-Net: call it so (made from the hashes)")
    install.add_argument("--overwrite", action="store_true", help="replace the same version")
    verify = add_action(actions, "verify", "compare files with their hashes and load the weights on trial", _verify)
    verify.add_argument("models", metavar="NAME", nargs="*", help="installed models (all)")
    remove = add_action(actions, "remove", "delete an installed model", _remove)
    remove.add_argument("model", metavar="NAME", help="NAME@VERSION where several versions are installed")


def run(parsed: argparse.Namespace) -> int:
    return parsed.action(parsed)


def _list(parsed: argparse.Namespace) -> int:
    from CLIPSLib.models import HOW_TO_INSTALL, TMTVNET_NAME, WHERE_TO_GET, ModelStore, missing_package
    from CLIPSLib.segmentation import list_segmenters

    if parsed.json:
        print_json(list_segmenters())
        return 0
    store = ModelStore()
    contents = store.contents()
    for description in list_segmenters():
        _print_segmenter(description)
    for model in contents.models:
        if package := missing_package(model.description):
            print(
                f"{model.model_id} cannot run here: {package} is not installed (pip install 'slicer-clips[networks]')"
            )
    for error in contents.damaged:
        print(f"Damaged: {error}")
    if not store.has(TMTVNET_NAME):
        print(_wrapped(f"TMTV-Net is not installed. {WHERE_TO_GET} {HOW_TO_INSTALL}", ""))
    print(f"Installed models are in {store.root}")
    return 0


def _show(parsed: argparse.Namespace) -> int:
    from CLIPSLib.models import ModelStore
    from CLIPSLib.schema import to_document
    from CLIPSLib.segmentation import get_segmenter

    segmenter = get_segmenter(parsed.model)
    store = ModelStore()
    if not store.has(parsed.model):
        print_json(segmenter.description) if parsed.json else _print_segmenter(segmenter.description)
        return 0
    model = store.get(parsed.model)
    if parsed.json:
        print_json({"folder": model.folder, **to_document(model.description)})
        return 0
    _print_segmenter(segmenter.description)
    _print_model(model)
    return 0


def _install(parsed: argparse.Namespace) -> int:
    from CLIPSLib.models import HOW_TO_INSTALL, TMTVNET_NAME, WHERE_TO_GET, ModelStore, install_tmtvnet

    store, reporter = ModelStore(), reporter_for(parsed)
    if parsed.source == TMTVNET_NAME:
        if not parsed.weights:
            raise UsageError(
                "weights-missing", "TMTV-Net's weights are not part of CLIPS", "", f"{WHERE_TO_GET} {HOW_TO_INSTALL}"
            )
        model, cautions = install_tmtvnet(
            store, parsed.weights, version=parsed.as_version, overwrite=parsed.overwrite, reporter=reporter
        )
    elif parsed.weights or parsed.as_version:
        raise UsageError("not-tmtvnet", "--weights and --as-version belong to 'install tmtvnet'")
    else:
        model, cautions = store.install(parsed.source, overwrite=parsed.overwrite, reporter=reporter)
    if parsed.json:
        print_json({"model": model.model_id, "folder": model.folder, "cautions": cautions})
        return 0
    print(f"Installed {model.model_id} in {model.folder}")
    licence = _licence(model.description.licence_of_weights)
    print(_wrapped(f"License of the weights: {licence} {model.description.use}", ""))
    _print_cautions(cautions)
    return 0


def _verify(parsed: argparse.Namespace) -> int:
    from CLIPSLib.models import ModelStore

    store = ModelStore()
    contents = store.contents()
    if contents.damaged and not parsed.models:
        raise contents.damaged[0]
    verified = [
        store.verify(reference, reporter=reporter_for(parsed))
        for reference in parsed.models or [model.model_id for model in contents.models]
    ]
    if parsed.json:
        print_json([{"model": model.model_id, "cautions": cautions} for model, cautions in verified])
        return 0
    for model, cautions in verified:
        print(f"{model.model_id}: {len(model.description.files)} files as installed")
        _print_cautions(cautions)
    if not verified:
        print("No model is installed.")
    return 0


def _remove(parsed: argparse.Namespace) -> int:
    from CLIPSLib.models import ModelStore

    folder = ModelStore().remove(parsed.model)
    if parsed.json:
        print_json({"removed": folder})
    else:
        print(f"Removed {folder}")
    return 0


def _print_segmenter(description: SegmenterDescription) -> None:
    print(f"{description.name + '  ':<10}{description.title}{' (needs CT)' if description.needs_ct else ''}")
    for text in (description.rule, f"Source: {description.source}"):
        print(_wrapped(text, _INDENT))
    options = ", ".join(f"{name}={option_value(value)}" for name, value in description.options.items())
    if options:
        print(textwrap.fill(f"Options: {options}", 110, initial_indent=_INDENT, subsequent_indent=" " * 19))
    print()


def _print_model(model: InstalledModel) -> None:
    described = model.description
    channels = ", ".join(channel.name for channel in described.inputs.channels)
    labels = ", ".join(f"{label.name} ({label.kind})" for label in described.labels if label.kind != "background")
    facts = [
        ("Inputs", channels),
        ("Finds", labels),
        ("Trained on", described.training_data),
        ("License of the weights", _licence(described.licence_of_weights)),
        ("License of the data", _licence(described.licence_of_data)),
        *(("Reported", f"{r.measure} {r.value}: {r.cohort} ({r.source})") for r in described.reported_results),
        *(("Measured", f"{c.seconds:g} s, {c.memory_gb:g} GB: {c.image}, {c.machine}") for c in described.measured),
        *(("File", f"{file.name}, {file.size_bytes} bytes, SHA-256 {file.sha256}") for file in described.files),
        ("Folder", str(model.folder)),
        ("Use", described.use),
    ]
    for title, text in facts:
        print(_wrapped(f"{title}: {text}", _INDENT))


def _licence(licence: Any) -> str:
    return " ".join(part for part in (f"{licence.name}.", licence.terms, licence.url) if part)


def _print_cautions(cautions: Sequence[Caution]) -> None:
    for caution in cautions:
        print(_wrapped(f"Caution: {caution}", ""))


def _wrapped(text: str, indent: str) -> str:
    return textwrap.fill(
        text, 110, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
