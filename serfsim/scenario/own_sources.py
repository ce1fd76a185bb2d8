"""Modules of the user's own: their text, its digest, and importing them from that text alone.

A module is read once, with the modules beside it that it imports. A run in this process, in a worker process
or on a machine far away executes this text, so that all of them run the same code, and the digest says which.
"""

from __future__ import annotations

import hashlib
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_file_location
from modulefinder import ModuleFinder
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final, NamedTuple

from serfsim.base.errors import SerfsimError
from serfsim.scenario.problems import found_expected

OWN_PACKAGE: Final = "serfsim"  # its digest is the code version
MOST_KEPT: Final = 64  # versions of modules that stay imported


class Source(NamedTuple):
    """The text of a module. `file`: where it was read, for tracebacks; `package`: it is an __init__.py."""

    file: str
    package: bool
    text: str


Sources = Mapping[str, Source]
"""Modules by their names."""


def sources_of(module: str, folder: Path | None = None) -> dict[str, Source]:
    """Read a module and the modules beside it that it imports; returns them by name.

    `folder` is searched before the path of Python. Of an installed package, only its own modules are read.
    Modules of serfsim are left out. Raises SerfsimError where a module is missing or is no Python.
    """
    top = module.partition(".")[0]
    if top == OWN_PACKAGE:
        return {}
    root, alone = _home(module, top, folder)
    finder = ModuleFinder(path=[str(root)], excludes=[OWN_PACKAGE])
    try:
        finder.import_hook(module)
    except ImportError:
        raise _missing(module, module, root) from None
    except SyntaxError as error:
        raise SerfsimError(f"{error.filename}:{error.lineno}: SyntaxError: {error.msg}") from None
    except (OSError, ValueError) as error:
        raise SerfsimError(f"{module}: cannot be read: {error}") from None
    found: dict[str, Source] = {}
    for name, one in sorted(finder.modules.items()):
        file = getattr(one, "__file__", None)
        if not file or not file.endswith(".py") or (alone and name.partition(".")[0] != top):
            continue
        text = Path(file).read_text(encoding="utf-8").replace("\r\n", "\n")
        found[name] = Source(str(Path(file).resolve()), Path(file).name == "__init__.py", text)
    return found


def _home(module: str, top: str, folder: Path | None) -> tuple[Path, bool]:
    """Return the folder of a module or its package, and whether it is one of installed packages."""
    places = [*([str(folder)] if folder else []), *(place or "." for place in sys.path)]
    loaded = getattr(sys.modules.get(top), "__file__", None)
    if loaded:  # imported by other ways than sys.path
        places.append(str(Path(loaded).parents[Path(loaded).name == "__init__.py"]))
    spec = PathFinder.find_spec(top, places)
    if spec is None or spec.origin is None:
        raise _missing(module, top, folder)
    file = Path(spec.origin)
    if file.suffix != ".py":
        raise SerfsimError(found_expected(f"'{module}', which is {file}", "a module in Python, NAME.py"))
    root = file.parents[1] if file.name == "__init__.py" else file.parent
    return root, root.name in ("site-packages", "dist-packages")


def _missing(path: str, name: str, folder: Path | None) -> SerfsimError:
    where = f" beside the scenario ({folder})" if folder else ""
    expected = (
        f"a module that can be imported: {name.replace('.', '/')}.py{where or ' on the path of Python'}"
    )
    return SerfsimError(found_expected(f"'{path}', but no module '{name}'", expected))


def digest_of(sources: Sources) -> str:
    """Return a digest of the text of modules, whatever their folder; 16 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=8)
    for name, source in sorted(sources.items()):
        digest.update(f"{name} {source.package} {len(source.text)}\n".encode())
        digest.update(source.text.encode())
    return digest.hexdigest()


class _FromText(MetaPathFinder, InspectLoader):
    """Imports modules from their text."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        source = self.sources.get(fullname)
        if source is None:
            return None
        inside = [str(Path(source.file).parent)] if source.package else None
        return spec_from_file_location(fullname, source.file, loader=self, submodule_search_locations=inside)

    def is_package(self, fullname: str) -> bool:
        return self.sources[fullname].package

    def get_source(self, fullname: str) -> str:
        return self.sources[fullname].text

    def get_code(self, fullname: str) -> CodeType:
        source = self.sources[fullname]
        code: CodeType = self.source_to_code(source.text, source.file)
        return code


_VERSIONS: Final[dict[tuple[tuple[str, Source], ...], dict[str, ModuleType]]] = {}


@contextmanager
def in_force(sources: Sources) -> Iterator[None]:
    """Import the modules of `sources` from their text, each once for one text, while the context lasts.

    Before and after it, modules of these names are whatever they are to others in this process.
    """
    version = tuple(sorted(sources.items()))
    if version not in _VERSIONS:
        while len(_VERSIONS) >= MOST_KEPT:
            del _VERSIONS[next(iter(_VERSIONS))]
        _VERSIONS[version] = {}
    modules = _VERSIONS[version]
    earlier = {name: sys.modules.pop(name) for name in sources if name in sys.modules}
    sys.modules.update(modules)
    finder = _FromText(sources)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        modules.update({name: sys.modules.pop(name) for name in sources if name in sys.modules})
        sys.modules.update(earlier)


def imported(module: str, sources: Sources) -> ModuleType:
    """Import a module while `sources` are in force. SerfsimError with the line of it that raised."""
    try:
        return import_module(module)
    except (Exception, SystemExit) as error:
        raise SerfsimError(f"{place_of(error, sources) or module}: {told(error)}") from None


def place_of(error: BaseException, sources: Sources) -> str:
    """Return FILE:LINE where code of `sources` raised, or ''."""
    files = {source.file for source in sources.values()}
    if isinstance(error, SyntaxError) and error.filename in files:
        return f"{error.filename}:{error.lineno}"
    frames: list[Any] = [
        frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files
    ]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""


def told(error: BaseException) -> str:
    """Return an exception as one line."""
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
