"""Run the scenarios inside Slicer (`--python-script`): exit code 0 all passed, 1 something failed, 2 nothing ran.

Everything is below the guard, and the scenarios are one folder further down, because slicer-core takes every folder
called `slicer` on Python's path for a part of itself and imports the files in it.
"""

if __name__ == "__main__":
    import sys
    from pathlib import Path

    folder = Path(__file__).resolve().parent / "scenarios"
    sys.path.insert(0, str(folder))

    import runner
    import slicer

    slicer.util.exit(runner.run(folder))
