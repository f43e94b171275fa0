"""Make one of the environments that the Makefile needs, once: `python3 tools/environment.py demo|test|oracle|offline`.

Standard library only and plain syntax, so that an old Python reaches the sentence that tells what is missing.
An environment is whole or not there: a stamp is written last, a lock lets two `make` wait for each other, and a
stamped environment is not touched again, so that the second time takes a moment and needs no network.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time

REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CONSTRAINTS = os.path.join(REPOSITORY, "constraints.txt")
WHEELHOUSE = os.path.join(REPOSITORY, "wheelhouse")
EXTRAS = {"demo": "", "test": "[test,networks]", "oracle": "[oracle]"}
OLDEST_PYTHON = (3, 11)


def main(arguments):
    """`demo`, `test`, `oracle`: editable installs in .venv/; `offline [FOLDER] [EXTRAS]`: from the wheelhouse."""
    name = arguments[0] if arguments else ""
    require_python()
    if name in EXTRAS:
        folder = os.path.join(REPOSITORY, ".venv", name)
        steps = [["setuptools"], ["--no-build-isolation", "--editable", REPOSITORY + EXTRAS[name]]]
        ensure_environment(folder, steps, key_of("pyproject.toml", "constraints.txt"))
    elif name == "offline":
        folder = os.path.abspath(arguments[1])
        ensure_environment(folder, [offline_arguments(arguments[2])], key=None)
        command = os.path.join(folder, "bin", "clips")
        if subprocess.run([command, "--version"], stdout=subprocess.DEVNULL).returncode:
            sys.exit(f"The installation is broken: {command} does not start.")
        print(f"Installed without network. Run: {command}")
    else:
        sys.exit("Say which environment: demo, test, oracle or offline.")


def require_python():
    """End with one sentence when this Python is too old or lacks what makes an environment."""
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(str(part) for part in sys.version_info[:3])
        sys.exit(
            f"CLIPS needs Python 3.11 or later, and {sys.executable} is {found}. "
            "Name another one: make demo PYTHON=python3.11"
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        sys.exit(
            "This Python cannot make an environment, because Debian keeps that part in another package. "
            "Install it: apt install python3-venv"
        )


def ensure_environment(folder, steps, key):
    """Create `folder` and run pip once per step, unless it was finished before with the same key (None: always)."""
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with locked(folder + ".lock"):
        stamp = os.path.join(folder, "installed.txt")
        if key is not None and read_text(stamp) == key:
            return
        started = time.monotonic()
        print(f"Making the environment {os.path.relpath(folder)}", flush=True)
        create(folder, keep=key is not None and same_python(stamp, key))
        with contextlib.suppress(FileNotFoundError):
            os.remove(stamp)
        for arguments in steps:
            install(folder, arguments, started)
        with open(stamp, "w") as stream:
            stream.write(key or "")
        print(f"  done in {time.monotonic() - started:.0f} s", flush=True)


def key_of(*names):
    """What an environment depends on: this Python, this place (environments cannot be moved), these files."""
    digest = hashlib.sha256()
    for name in names:
        with open(os.path.join(REPOSITORY, name), "rb") as stream:
            digest.update(stream.read())
    python = f"{sys.version_info[0]}.{sys.version_info[1]} in {sys.base_prefix}"
    return f"{python}\n{REPOSITORY}\n{digest.hexdigest()}\n"


def same_python(stamp, key):
    """True when a finished environment differs only in its packages: pip then brings it up to date, also offline."""
    return read_text(stamp).splitlines()[:-1] == key.splitlines()[:-1]


def create(folder, keep):
    """Make an empty environment, or keep the one that is there."""
    if keep:
        return
    shutil.rmtree(folder, ignore_errors=True)
    result = subprocess.run([sys.executable, "-m", "venv", folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        sys.exit(f"Cannot make an environment in {folder}: {result.stdout.decode(errors='replace').strip()}")


def offline_arguments(extras):
    if not os.path.isdir(WHEELHOUSE):
        sys.exit(
            f"There is no folder {WHEELHOUSE}. Run 'make wheelhouse' on a machine with internet "
            "and the same system and Python, and bring the folder here."
        )
    return ["--no-index", "--find-links", WHEELHOUSE, "slicer-clips" + extras]


def install(folder, arguments, started):
    """Run pip quietly: a line per download for the user, everything else into install.log."""
    log_path = os.path.join(folder, "install.log")
    command = [os.path.join(folder, "bin", "python"), "-m", "pip", "install", "--no-input", "--progress-bar", "off"]
    command += ["--disable-pip-version-check", "--constraint", CONSTRAINTS, *arguments]
    with open(log_path, "a") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=dict(os.environ, PYTHONNOUSERSITE="1"),
        )
        lines = []
        for line in process.stdout:
            log.write(line)
            lines.append(line)
            step = readable_step(line)
            if step:
                print(f"  {time.monotonic() - started:4.0f} s  {step}", flush=True)
    if process.wait():
        unconnected = any(re.search("ConnectionError|ProxyError|ConnectTimeout|SSLError", line) for line in lines)
        why = "there is no connection to the package index" if unconnected else "pip gave up:\n" + "".join(lines[-8:])
        sys.exit(
            f"The packages could not be installed, {why}\n"
            f"Everything pip said is in {log_path}. "
            "Without internet: see 'Behind a firewall' in docs/installation.md."
        )


def readable_step(line):
    """What a line of pip's output tells a user, or None: "Downloading numpy 2.4.6 (16.9 MB)"."""
    wheel = re.match(r"\s*Downloading \S*?([^/\s]+?)-(\d[^-]*)-\S+\.whl (\(.*\))", line)
    if wheel:
        return " ".join(["Downloading", *wheel.groups()])
    packages = re.match(r"Installing collected packages: (.*,.*)", line)
    if packages:
        return f"Unpacking {packages.group(1).count(',') + 1} packages"
    return None


@contextlib.contextmanager
def locked(path):
    """Wait until no other process of this machine is in such a block with the same path."""
    with open(path, "w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print(f"Waiting for another 'make' that works on {os.path.relpath(path).replace('.lock', '')}", flush=True)
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def read_text(path):
    """The content of a file, "" when there is none."""
    with contextlib.suppress(FileNotFoundError), open(path) as stream:
        return stream.read()
    return ""


if __name__ == "__main__":
    main(sys.argv[1:])
