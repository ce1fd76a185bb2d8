"""Compiles the hot path with mypyc where that is possible; everything else is in pyproject.toml.

The sources are complete without it. Where no working C compiler is found, where Python's headers are
missing, or where SERFSIM_NO_COMPILE=1 says so, they are installed as they are, and one line says why.

mypyc is asked only when extensions are really built: setuptools reads this file several times for one
installation, mostly to learn names.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import shutil
import sys
import tarfile
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import EXTENSION_SUFFIXES
from itertools import chain
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent
PACKAGE = ROOT / "serfsim"
WANTED = os.environ.get("SERFSIM_NO_COMPILE", "0") in ("", "0")
NOT_WANTED = "SERFSIM_NO_COMPILE is set"
# 1 compiles in two thirds of the time what is not meant to be fast; results are the same.
OPT_LEVEL = os.environ.get("SERFSIM_OPT_LEVEL", "3")
COMPILE_CPU_S = 300.0  # measured once; others take half or twice as long, hence "some"

# What C code that uses Python needs: the compiler, its linker, and Python's headers.
TINY_MODULE = """
#include <Python.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "tiny", NULL, -1, NULL};
PyMODINIT_FUNC PyInit_tiny(void) { return PyModule_Create(&definition); }
"""


def load_speed():
    """serfsim/speed.py, which knows what is compiled, without importing serfsim."""
    spec = importlib.util.spec_from_file_location("serfsim_speed", PACKAGE / "speed.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


speed = load_speed()


def say(text):
    print(f"serfsim: {text}", file=sys.stderr, flush=True)


class MaybeCompiled(Distribution):
    """A distribution that has extensions before they are known."""

    def has_ext_modules(self):
        return WANTED


class BuildExtensions(build_ext):
    """Asks mypyc for the extensions when it is run, and does without where that fails."""

    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or os.cpu_count()

    def run(self):
        start = time.monotonic()
        why_not = self.compile()
        if why_not is None:
            took = time.monotonic() - start
            say(f"compiled {len(speed.compiled_sources(PACKAGE))} modules in {took:.0f} s")
            return
        say(f"plain Python form, not compiled: {why_not}")
        self.extensions = []
        self.distribution.ext_modules = []
        if self.inplace:
            remove_compiled_files()

    def build_extension(self, extension):
        """Compile the C files of an extension side by side; distutils has one process for each extension."""

        def compile_one(source):
            return self.compiler.compile(
                [source],
                output_dir=self.build_temp,
                include_dirs=extension.include_dirs,
                extra_postargs=extension.extra_compile_args,
                depends=extension.depends,
            )

        sources = sorted(extension.sources, key=os.path.getsize, reverse=True)
        with ThreadPoolExecutor(self.parallel) as pool:
            objects = list(pool.map(compile_one, sources))
        extension.extra_objects = [*extension.extra_objects, *chain.from_iterable(objects)]
        extension.sources = []
        super().build_extension(extension)

    def compile(self):
        """Compile; the reason where that was impossible, else None."""
        if not WANTED:
            return NOT_WANTED
        trouble = self.compiler_trouble()
        if trouble:
            return trouble
        seconds = round(COMPILE_CPU_S / self.parallel, -1)
        say(f"compiling the hot path (some {seconds:.0f} s on {self.parallel} processors that are free) ...")
        # Of before, since sources edited meanwhile are not those compiled.
        digest = speed.sources_digest(PACKAGE)
        try:
            self.distribution.ext_modules = mypyc_extensions()
            if self.inplace:
                remove_compiled_files()  # among them those of modules that are no more
            self.swig_opts = None  # the one option that cannot be finalized twice
            super().finalize_options()
            super().run()
        # mypyc ends the process, and a compiler fails, in ways of their own; both have said why.
        except (Exception, SystemExit) as error:
            return f"compiling failed: {error}"
        self.write_record(digest)
        return None

    def compiler_trouble(self):
        """Build one tiny module with the compiler that would build ours; what went wrong, or ''."""
        self.extensions = []
        with tempfile.TemporaryDirectory() as folder, Quiet():
            source = Path(folder, "tiny.c")
            source.write_text(TINY_MODULE, encoding="utf-8")
            try:
                compiler = new_compiler()
                objects = compiler.compile([str(source)], output_dir=folder, include_dirs=self.include_dirs)
                library = str(Path(folder, "tiny.so"))
                compiler.link_shared_object(objects, library, export_symbols=["PyInit_tiny"])
            except Exception as error:
                return f"no working C compiler with Python's headers ({error})"
        return ""

    def write_record(self, digest):
        """Write the digest of what was compiled beside the extensions, for serfsim/speed.py."""
        record = json.dumps({"sources": digest}) + "\n"
        places = [Path(self.build_lib, "serfsim")]
        if self.inplace:
            places.append(PACKAGE)
        for place in places:
            place.mkdir(parents=True, exist_ok=True)
            (place / speed.BUILD_RECORD).write_text(record, encoding="utf-8")

    def get_source_files(self):
        return []


class BuildSources(build_py):
    """Puts the shipped scenarios into the package; an editable install reads them where they are."""

    def run(self):
        super().run()
        if not WANTED:
            say(f"plain Python form, not compiled: {NOT_WANTED}")
        if self.editable_mode:
            if not WANTED:
                remove_compiled_files()
        else:
            target = Path(self.build_lib, "serfsim", "_scenarios")
            shutil.copytree(ROOT / "scenarios", target, dirs_exist_ok=True)


class SourceArchive(sdist):
    """An archive whose bytes follow from its content and SOURCE_DATE_EPOCH."""

    def make_archive(self, base_name, format, root_dir=None, base_dir=None, owner=None, group=None):
        if format != "gztar":
            return super().make_archive(base_name, format, root_dir, base_dir, owner, group)
        name = f"{base_name}.tar.gz"
        epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or time.time())

        def plain(entry):
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            entry.mtime = epoch
            entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
            return entry

        with (
            open(name, "wb") as file,
            gzip.GzipFile("", "wb", fileobj=file, mtime=epoch) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for path in [Path(base_dir), *sorted(Path(base_dir).rglob("*"))]:
                archive.add(path, recursive=False, filter=plain)
        return name


def new_compiler():
    """The compiler that build_ext uses, set up as it sets it up."""
    from distutils.ccompiler import new_compiler
    from distutils.sysconfig import customize_compiler

    compiler = new_compiler()
    customize_compiler(compiler)
    return compiler


class Quiet:
    """Keeps what subprocesses print off the terminal."""

    def __enter__(self):
        sys.stdout.flush()
        self.kept = [os.dup(1), os.dup(2)]
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        os.close(nowhere)

    def __exit__(self, *error):
        sys.stdout.flush()
        for number, kept in zip((1, 2), self.kept, strict=True):
            os.dup2(kept, number)
            os.close(kept)


def mypyc_extensions():
    """One shared library for all modules, so that calls between them are plain C calls.

    Each module is a C file, so that all processors compile.
    """
    from mypyc.build import mypycify

    sources = [str(file.relative_to(ROOT)) for file in speed.compiled_sources(PACKAGE)]
    # Only these files and the door to librt are read: the rest of serfsim needs packages that are not
    # here while it is being built, and how strictly developers check types is no reason not to compile.
    options = ["--config-file=", "--follow-imports=skip", "serfsim/native.py"]
    # A fused multiply-add rounds once where the interpreter rounds twice; both must agree to the last bit.
    # Hidden names cannot be replaced by another library's: calls need no table, and small functions no call.
    os.environ["CFLAGS"] = f"{os.environ.get('CFLAGS', '')} -ffp-contract=off -fvisibility=hidden".strip()
    extensions = mypycify(
        options + sources,
        only_compile_paths=sources,
        opt_level=OPT_LEVEL,
        debug_level="0",
        group_name="serfsim._native",
        multi_file=True,
    )
    for extension in extensions:  # where mypyc puts the headers of a group inside a package
        extension.include_dirs.append(str(Path("build", "serfsim")))
    return extensions


def remove_compiled_files():
    """Whoever wants the plain form must not get an older compiled one."""
    for suffix in EXTENSION_SUFFIXES:
        for file in PACKAGE.rglob(f"*{suffix}"):
            file.unlink()
    (PACKAGE / speed.BUILD_RECORD).unlink(missing_ok=True)


setup(
    distclass=MaybeCompiled,
    cmdclass={"build_ext": BuildExtensions, "build_py": BuildSources, "sdist": SourceArchive},
)
