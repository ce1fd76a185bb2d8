"""Folders that are replaced as a whole, and files beside their manifest.

A folder is written under a temporary name beside its place first, and renamed when it is complete; what
was there before stands until then. Only files that serfsim wrote are ever replaced: `manifest` lists them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from serfsim.base import manifest
from serfsim.base.atomic_files import Kind, cannot_write, made, write_whole
from serfsim.base.errors import SerfsimError

_NOT_OURS: Final = "found a file that serfsim did not write, or that somebody changed since"


def write_each(
    folder: Path, files: Mapping[str, str | bytes], error: Kind = SerfsimError, kind: str = "files"
) -> None:
    """Write files into a folder, made where need be, each whole, and list them in its manifest.

    Raises `error` where that cannot be, and before anything is written where one of them is somebody's own.
    """
    made(folder, error)
    check_own(folder, files, error)
    for name, content in files.items():
        write_whole(folder / name, content, error)
    manifest.renew(folder, kind, files)


def check_own(folder: Path, names: Iterable[str], error: Kind = SerfsimError) -> None:
    """Raise `error` where a file would be replaced that serfsim did not write, or that was changed since."""
    there = [name for name in (*names, manifest.FILE) if os.path.lexists(folder / name)]
    ours = manifest.own(folder) if there else set()
    for name in there:
        if name not in ours:
            raise error(f"{folder / name}: {_NOT_OURS}; move it, or choose another folder")


@dataclass(frozen=True)
class Owned:
    """A kind of folder that is replaced as a whole.

    `told` is it in words. `own` gives the files of such a folder that may be replaced, none where it is
    not one. `seal` ends what was written. `names`: files and folders that may be written into it.
    """

    told: str
    own: Callable[[Path], Collection[str]]
    seal: Callable[[Path], None]
    names: tuple[str, ...] = ()


@contextmanager
def replacing(folder: Path, kind: Owned, error: Kind = SerfsimError) -> Iterator[Path]:
    """Yields a temporary folder that takes the place of `folder` when the block ends well.

    Files in `folder` that serfsim did not write are in the new one too. Raises `error` where `folder` is not
    of this kind, or cannot be written; then, and when interrupted, it stays as it was: after a kill at the
    worst moment by the next call of `restore`. A link to a folder stays one.
    """
    told, folder = folder, folder.resolve()
    check_replaceable(told, kind, error)
    partial = folder.with_name(f".{folder.name}.partial-{os.getpid()}")
    former = folder.with_name(f".{folder.name}.former-{os.getpid()}")
    try:
        partial.mkdir(parents=True)
    except OSError as cause:
        raise cannot_write(told, cause, error) from None
    try:
        yield partial
        kind.seal(partial)
        ours = kind.own(folder) if folder.exists() else ()
        _carry_over(folder, partial, ours, error)
        _exchange(folder, partial, former)
        _discard(former, folder, ours)
    except OSError as cause:
        raise cannot_write(told, cause, error) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _files(folder: Path) -> Iterator[str]:
    """All in a folder that is not a folder itself, by name from it; links are not followed."""
    for place, folders, files in os.walk(folder):
        for name in [*files, *(one for one in folders if (Path(place) / one).is_symlink())]:
            yield (Path(place) / name).relative_to(folder).as_posix()


def _carry_over(folder: Path, partial: Path, ours: Collection[str], error: Kind) -> None:
    """Give the new folder what somebody else has put into the old one, by a second name where that goes."""
    for name in [] if not folder.exists() else [one for one in _files(folder) if one not in ours]:
        target = partial / name
        if os.path.lexists(target):
            raise error(f"{folder / name}: {_NOT_OURS}; move it, or choose another folder")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(folder / name, target, follow_symlinks=False)
        except OSError:
            shutil.copy2(folder / name, target, follow_symlinks=False)
    for place, folders, _ in os.walk(folder) if folder.exists() else ():
        for one in (Path(place) / name for name in folders):
            if not one.is_symlink() and not any(one.iterdir()):
                (partial / one.relative_to(folder)).mkdir(parents=True, exist_ok=True)


def _discard(former: Path, folder: Path, ours: Collection[str]) -> None:
    """Remove the old folder; what came into it meanwhile stays, and so does the folder then."""
    if not former.exists():
        return
    for name in list(_files(former)):
        if name in ours or os.path.lexists(folder / name):
            (former / name).unlink()
    for place, _, _ in os.walk(former, topdown=False):
        with suppress(OSError):
            Path(place).rmdir()


def _exchange(folder: Path, partial: Path, former: Path) -> None:
    if folder.exists():
        folder.rename(former)
    try:
        partial.rename(folder)
    except BaseException:
        if former.exists():
            former.rename(folder)
        raise


def restore(folder: Path) -> None:
    """Give back what a `replacing` took away that was killed between its two renames."""
    folder = folder.resolve()
    left = sorted(folder.parent.glob(f".{folder.name}.former-*"), key=lambda place: place.stat().st_mtime)
    if left and not folder.exists():
        left[-1].rename(folder)
        shutil.rmtree(left[-1].with_name(left[-1].name.replace(".former-", ".partial-")), ignore_errors=True)


def check_replaceable(folder: Path, kind: Owned, error: Kind = SerfsimError) -> None:
    """Raises where `replacing` would: before the work rather than after it."""
    try:
        restore(folder)
        ours = kind.own(folder) if folder.is_dir() else ()
        if folder.exists() and not (folder.is_dir() and (ours or not any(folder.iterdir()))):
            raise error(
                f"{folder}: found something that is not {kind.told} (no {manifest.FILE} of its own);"
                f" expected a new folder, an empty one or {kind.told}"
            )
        for name in kind.names:
            if os.path.lexists(folder / name) and name not in ours:
                raise error(f"{folder / name}: {_NOT_OURS}; move it, or choose another folder")
        above = next(place for place in folder.absolute().parents if place.exists())
        if not above.is_dir():
            raise error(f"{folder}: found the file {above}; expected a folder to write in")
        if not os.access(above, os.W_OK | os.X_OK):
            raise error(f"{folder}: cannot be written: {above} allows no new files")
    except OSError as cause:
        raise cannot_write(folder, cause, error) from None
