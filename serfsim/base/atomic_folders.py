"""Atomic replacement of folders, and of files with a manifest.

A folder is written under a temporary name beside its destination and renamed when complete; an older folder
stays until then. Only files that serfsim wrote, listed in `manifest`, are ever replaced.
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
from serfsim.base.atomic_files import Kind, cannot_write, create_folder, write_whole
from serfsim.base.errors import SerfsimError

_NOT_OURS: Final = "found a file that serfsim did not write, or that was edited since"


def write_each(
    folder: Path, files: Mapping[str, str | bytes], error: Kind = SerfsimError, kind: str = "files"
) -> None:
    """Write files atomically into a folder, created if necessary, and list them in its manifest.

    Raises `error` where they cannot be written, and before writing anything where one would replace a user's
    file.
    """
    create_folder(folder, error)
    check_own(folder, files, error)
    for name, content in files.items():
        write_whole(folder / name, content, error)
    manifest.renew(folder, kind, files)


def check_own(folder: Path, names: Iterable[str], error: Kind = SerfsimError) -> None:
    """Raise `error` if a file to be replaced was not written by serfsim, or was edited since."""
    there = [name for name in (*names, manifest.FILE) if os.path.lexists(folder / name)]
    ours = manifest.own_files(folder) if there else set()
    for name in there:
        if name not in ours:
            raise error(f"{folder / name}: {_NOT_OURS}; move it, or choose another folder")


@dataclass(frozen=True)
class Owned:
    """A kind of folder that is replaced as a whole.

    `told`: its name in messages. `own`: returns the files of such a folder that may be replaced, none for
    another folder. `seal`: completes the new folder. `names`: files and folders that may be written into it.
    """

    told: str
    own: Callable[[Path], Collection[str]]
    seal: Callable[[Path], None]
    names: tuple[str, ...] = ()


@contextmanager
def replacing(folder: Path, kind: Owned, error: Kind = SerfsimError) -> Iterator[Path]:
    """Yield a temporary folder that replaces `folder` when the block ends normally.

    Other files in `folder` are carried over. Raises `error` where `folder` is of another kind or cannot be
    written. After an error or an interruption `folder` is unchanged; after a kill between the two renames,
    the next `restore` puts it back. A link to a folder stays a link.
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
    """Yield the paths, relative to a folder, of everything in it except folders; links are not followed."""
    for place, folders, files in os.walk(folder):
        for name in [*files, *(one for one in folders if (Path(place) / one).is_symlink())]:
            yield (Path(place) / name).relative_to(folder).as_posix()


def _carry_over(folder: Path, partial: Path, ours: Collection[str], error: Kind) -> None:
    """Carry over the user's files from the old folder, as hard links where possible."""
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
    """Remove the old folder, unless new files have appeared in it meanwhile."""
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
    """Restore a folder that a `replacing` moved away and was killed before its second rename."""
    folder = folder.resolve()
    left = sorted(folder.parent.glob(f".{folder.name}.former-*"), key=lambda place: place.stat().st_mtime)
    if left and not folder.exists():
        left[-1].rename(folder)
        shutil.rmtree(left[-1].with_name(left[-1].name.replace(".former-", ".partial-")), ignore_errors=True)


def check_replaceable(folder: Path, kind: Owned, error: Kind = SerfsimError) -> None:
    """Raise the errors of `replacing` before the work instead of after it."""
    try:
        restore(folder)
        ours = kind.own(folder) if folder.is_dir() else ()
        if folder.exists() and not (folder.is_dir() and (ours or not any(folder.iterdir()))):
            raise error(
                f"{folder}: found something that is not {kind.told} (no {manifest.FILE});"
                f" expected a new or empty folder, or {kind.told}"
            )
        for name in kind.names:
            if os.path.lexists(folder / name) and name not in ours:
                raise error(f"{folder / name}: {_NOT_OURS}; move it, or choose another folder")
        above = next(place for place in folder.absolute().parents if place.exists())
        if not above.is_dir():
            raise error(f"{folder}: found the file {above}; expected a folder")
        if not os.access(above, os.W_OK | os.X_OK):
            raise error(f"{folder}: cannot be written: {above} allows no new files")
    except OSError as cause:
        raise cannot_write(folder, cause, error) from None
