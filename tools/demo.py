"""What `make demo` runs once its environment exists: a synthetic study is written, segmented, and shown where.

The folder `demo/` belongs to the demo. The study is written again only when CLIPSLib changed; the result always is.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

from environment import locked

REPOSITORY = Path(__file__).resolve().parent.parent
DEMO = REPOSITORY / "demo"
STUDY = DEMO / "study"
RESULT = DEMO / "result"
REPORT = "report.html"


def main() -> None:
    DEMO.mkdir(exist_ok=True)
    started = time.monotonic()
    with locked(DEMO / ".lock"):
        ensure_study()
        shutil.rmtree(RESULT, ignore_errors=True)
        clips("segment", STUDY, "--out", RESULT)
    reports = sorted(RESULT.rglob(REPORT))
    if not reports:
        sys.exit(f"The demo wrote no {REPORT} below {RESULT}.")
    print(f"\nDone in {time.monotonic() - started:.0f} s. Open the report in a browser: {reports[0]}")


def ensure_study() -> None:
    """Write the synthetic study unless the one that is there was finished by the same code."""
    stamp = DEMO / ".study-written-by"
    code = fingerprint()
    if STUDY.is_dir() and stamp.is_file() and stamp.read_text() == code:
        print(f"The synthetic study is there already: {STUDY.relative_to(REPOSITORY)}", flush=True)
        return
    stamp.unlink(missing_ok=True)
    shutil.rmtree(STUDY, ignore_errors=True)
    clips("phantom", STUDY)
    stamp.write_text(code)


def fingerprint() -> str:
    """Changes whenever a source file of the core does."""
    digest = hashlib.sha256()
    for path in sorted((REPOSITORY / "CLIPSSegmentation" / "CLIPSLib").rglob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def clips(*arguments: object) -> None:
    """Run the installed command as a user would; end with its exit code when it fails."""
    words = [
        str(argument.relative_to(REPOSITORY)) if isinstance(argument, Path) else str(argument) for argument in arguments
    ]
    print(f"$ clips {' '.join(words)}", flush=True)
    code = subprocess.run([Path(sys.executable).parent / "clips", *words], cwd=REPOSITORY).returncode
    if code:
        sys.exit(code)


if __name__ == "__main__":
    main()
