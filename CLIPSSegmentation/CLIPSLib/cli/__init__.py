"""The command `clips`: parse, call a task, print. Starts fast: tasks are imported when a subcommand runs."""

from CLIPSLib.cli.main import main

__all__ = ["main"]
