"""`clips models`: what can segment, by which rule, after which publication."""

from __future__ import annotations

import argparse
import textwrap

from CLIPSLib.cli.output import print_json

NAME = "models"
SUMMARY = "List the segmentation methods that are installed."
EXAMPLES = """examples:
  clips models
  clips models --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(parsed: argparse.Namespace) -> int:
    from CLIPSLib.segmentation import list_segmenters

    descriptions = list_segmenters()
    if parsed.json:
        print_json(descriptions)
        return 0
    for description in descriptions:
        print(f"{description.name:<10}{description.title}{' (needs CT)' if description.needs_ct else ''}")
        for text in (description.rule, f"Source: {description.source}"):
            print(textwrap.fill(text, 110, initial_indent=" " * 10, subsequent_indent=" " * 10))
        options = ", ".join(f"{name}={value}" for name, value in description.options.items())
        if options:
            print(textwrap.fill(f"Options: {options}", 110, initial_indent=" " * 10, subsequent_indent=" " * 19))
        print()
    return 0
