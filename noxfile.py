"""serfsim on every Python with the lowest and the newest dependencies: `make test-all`; a part: `make smoke`.

`dists` makes an sdist and, from it, wheels: a plain one, and compiled ones on the oldest and the newest
Python, with SERFSIM_QUICK=1 on the newest alone.
`metadata` checks what an index would show of them, and that they hold what runs need.
`smoke` installs one into a clean environment and runs a scenario that it ships; all must give one digest.
`make release-check` runs these three; `SERFSIM_PYTHONS=3.11` names the only Pythons to use.
`tests` runs the tests; arguments after `--` are pytest's. A Python that is missing is skipped with a message.
`reproducible` makes sdist and plain wheel twice, with `-- compiled` the compiled wheel too: the same bytes.
`audit` asks for known vulnerabilities of the lock file's packages; `licences` and `sbom` list what runs need.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import tomllib
from pathlib import Path
from zipfile import ZipFile

import nox
from uv import find_uv_bin

ROOT = Path(__file__).resolve().parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PLACE = ROOT / "build" / "matrix"
DISTS = PLACE / "dists"
DIGEST = PLACE / "digest"

if shutil.which("pyenv"):  # its python3.x answer only for versions that are named
    versions = subprocess.run(
        ["pyenv", "versions", "--bare"], capture_output=True, text=True, check=False
    ).stdout.split()
    os.environ.setdefault("PYENV_VERSION", ":".join(versions))


def is_there(python: str) -> bool:
    found = shutil.which(f"python{python}")
    return (
        found is not None
        and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0
    )


PYTHONS = ("3.11", "3.12", "3.13", "3.14")
NAMED = os.environ.get("SERFSIM_PYTHONS", "").split()
PRESENT = [python for python in PYTHONS if is_there(python) and python in (NAMED or PYTHONS)]
# Set by make smoke: one compiled wheel, quickly made, since tests run compiled on the oldest anyway.
QUICK = os.environ.get("SERFSIM_QUICK") == "1"
COMPILED = {*PRESENT[-1:]} if QUICK else {*PRESENT[:1], *PRESENT[-1:]}
RESOLUTIONS = {"lowest": "lowest-direct", "newest": "highest"}
EVERYWHERE = nox.parametrize("dependencies", list(RESOLUTIONS), ids=list(RESOLUTIONS))

nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
nox.options.envdir = str(PLACE / "environments")


def plain(python: str) -> dict[str, str]:
    """The settings that leave out the compiler where the plain form is wanted, or make it quick."""
    if python not in COMPILED:
        return {"SERFSIM_NO_COMPILE": "1"}
    return {"SERFSIM_OPT_LEVEL": "1"} if QUICK else {}


def wheel(python: str) -> Path:
    tag = f"cp{python.replace('.', '')}" if python in COMPILED else "py3"
    (found,) = DISTS.glob(f"*-{tag}-*.whl")
    return found


def install(session: nox.Session, dependencies: str, *wanted: str) -> None:
    """Only wheels: everybody can install the lowest versions, not those alone who have compilers."""
    session.install(f"--resolution={RESOLUTIONS[dependencies]}", "--only-binary=:all:", *wanted)


@nox.session(venv_backend="none")
def dists(session: nox.Session) -> None:
    """An sdist, and wheels that are made from it alone."""
    shutil.rmtree(DISTS, ignore_errors=True)
    DIGEST.unlink(missing_ok=True)
    for python in sorted({*COMPILED, *[python for python in PRESENT if python not in COMPILED][:1]}):
        session.run(
            find_uv_bin(), "build", "--quiet", f"--python={python}", f"--out-dir={DISTS}", env=plain(python)
        )
        wheel(python)  # it is there, and compiled where that is wanted


@nox.session(requires=["dists"])
def metadata(session: nox.Session) -> None:
    """Metadata and README as an index shows them, and the files that runs need."""
    session.install("twine>=6", "readme-renderer[md]>=44")
    files = sorted(DISTS.glob("*.whl")) + sorted(DISTS.glob("*.tar.gz"))
    session.run("twine", "check", "--strict", *map(str, files))
    for file in files:
        if file.suffix == ".whl":
            names = set(ZipFile(file).namelist())
            needed = {name for name in names if name.endswith(("/WHEEL", "/LICENSE", "/entry_points.txt"))}
            missing = len(needed) < 3
        else:
            with tarfile.open(file) as archive:
                names = {name.partition("/")[2] for name in archive.getnames()}
            missing = not {"README.md", "LICENSE", "pyproject.toml", "setup.py"} <= names
        shipped = sum(
            name.endswith(("scenarios/udp_blocked.yaml", "scenarios/tuning/tune_lan.yaml")) for name in names
        )
        if missing or shipped != 2:
            session.error(f"{file.name}: a license, an entry point or the shipped scenarios are missing")


@nox.session(python=PRESENT, requires=["dists"])
@EVERYWHERE
def smoke(session: nox.Session, dependencies: str) -> None:
    """A wheel at work. With the newest dependencies the sdist, where it is plain or Python the only one."""
    python = str(session.python)
    from_sdist = dependencies == "newest" and (python not in COMPILED or len(PRESENT) == 1)
    (sdist,) = DISTS.glob("*.tar.gz")
    install(session, dependencies, *PROJECT["dependencies"])
    session.install(str(sdist if from_sdist else wheel(python)), env=plain(python))
    session.chdir(session.create_tmp())  # where no sources are
    said = session.run("serfsim", "--version", silent=True)
    if ("compiled" in said) != (python in COMPILED):
        session.error(f"the wrong form runs: {said}")
    session.run("serfsim", "validate", "udp_blocked", silent=True)
    session.run("serfsim", "run", "udp_blocked", "--out", "run", silent=True)
    session.run("serfsim", "report", "run", silent=True)
    session.run("serfsim", "members", "run", silent=True)
    session.run("serfsim", "sweep", "udp_blocked", "--seeds", "1-2", "--out", "sweep", silent=True)
    digest = json.loads(Path("run", "summary.json").read_text(encoding="utf-8"))["digest"]
    if not DIGEST.exists():
        DIGEST.write_text(digest, encoding="utf-8")
    if digest != DIGEST.read_text(encoding="utf-8"):
        session.error(f"another digest than in the first environment: {digest}")
    session.log(f"{said.strip()}; digest {digest}")


@nox.session(python=PYTHONS, requires=["dists"])
@EVERYWHERE
def tests(session: nox.Session, dependencies: str) -> None:
    """The tests in a copy of the sources, with the compiled files of the wheel or without any."""
    python = str(session.python)
    needed = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"], "setuptools>=77"]
    install(session, dependencies, *needed)
    copy = Path(session.create_tmp(), "sources")
    shutil.rmtree(copy, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=False
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    session.chdir(copy)
    session.install("--no-deps", "--no-build-isolation", "--editable=.", env={"SERFSIM_NO_COMPILE": "1"})
    if python in COMPILED:
        with ZipFile(wheel(python)) as files:
            compiled = [name for name in files.namelist() if name.endswith((".so", ".pyd", "_build.json"))]
            files.extractall(copy, compiled)
    session.run("pytest", *session.posargs)


@nox.session(venv_backend="none")
def reproducible(session: nox.Session) -> None:
    """Two builds of one commit, in two folders: the same bytes."""
    said = subprocess.run(["git", "log", "-1", "--format=%ct"], capture_output=True, text=True, check=False)
    epoch = {"SOURCE_DATE_EPOCH": said.stdout.strip() or "1700000000"}
    forms = {"plain": epoch | {"SERFSIM_NO_COMPILE": "1"}}
    if "compiled" in session.posargs:
        forms["compiled"] = epoch
    for form, environment in forms.items():
        found = []
        for number in ("first", "second"):
            place = PLACE / "twice" / form / number
            shutil.rmtree(place, ignore_errors=True)
            session.run(
                find_uv_bin(),
                "build",
                "--quiet",
                f"--python={PRESENT[0]}",
                f"--out-dir={place}",
                env=environment,
            )
            files = sorted([*place.glob("*.whl"), *place.glob("*.tar.gz")])
            found.append({file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files})
        if found[0] != found[1]:
            session.error(f"{form}: two builds differ: {found}")
        for name, digest in found[0].items():
            session.log(f"{form}: {name} sha256 {digest}")


@nox.session
def audit(session: nox.Session) -> None:
    """Known vulnerabilities of the pinned versions. It asks the advisories of PyPI, and needs to reach it."""
    session.install("pip-audit>=2.7")
    session.run("pip-audit", "--requirement", "requirements.lock", "--no-deps", "--disable-pip", "--strict")


LICENCES = ROOT / "docs" / "licences.md"
LICENCES_HEAD = """# Licences of what serfsim needs

serfsim itself is under the licence in `LICENSE`. An installation without extras brings the packages below,
in the versions of `requirements.lock`. `make licences` renews this table; `make sbom` writes a bill of
materials in CycloneDX's form, which every release has beside its files.

"""


def install_locked(session: nox.Session) -> None:
    """Install what serfsim needs at run time, in the versions of the lock file, and nothing else."""
    session.install("--constraint", "requirements.lock", *PROJECT["dependencies"])


@nox.session
def licences(session: nox.Session) -> None:
    """A table of all packages at run time with their versions and licences, in docs/licences.md."""
    install_locked(session)
    listed = session.run(
        find_uv_bin(),
        "tool",
        "run",
        "pip-licenses",
        f"--python={session.virtualenv.bin}/python",
        "--from=mixed",
        "--format=markdown",
        "--ignore-packages=serfsim",
        external=True,
        silent=True,
    )
    rows = [re.sub(r" +", " ", line) for line in listed.splitlines() if line.startswith("|")]
    LICENCES.write_text(LICENCES_HEAD + "\n".join(rows) + "\n", encoding="utf-8")


@nox.session
def sbom(session: nox.Session) -> None:
    """A bill of materials of an installation, in build/sbom.cdx.json."""
    install_locked(session)
    session.run(
        find_uv_bin(),
        "tool",
        "run",
        "--from=cyclonedx-bom>=5",
        "cyclonedx-py",
        "environment",
        "--pyproject=pyproject.toml",
        "--output-reproducible",
        "--output-file=build/sbom.cdx.json",
        f"{session.virtualenv.bin}/python",
        external=True,
    )
