"""The pages of the reference, written from the code whenever Sphinx builds the manual; notebooks come along.

`pages` gives the text of each, `written` puts them into the folder of the sources, where git ignores them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from inspect import cleandoc, isclass
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

import serfsim
from serfsim.base.atomic_files import write_whole
from serfsim.cli import codes
from serfsim.cli.command_list import commands
from serfsim.manual.reference import (
    MODELS,
    VERBS,
    Key,
    PartReference,
    model_reference,
    scenario_keys,
    verb_reference,
)
from serfsim.manual.releases import as_markdown
from serfsim.manual.result_files import COLUMNS, FILES, HEADING, SWEEP_FILES, SWEEP_KEYS
from serfsim.manual.topics import FRAMES, Topic, figures, nested, settings

NOTEBOOKS = Path(serfsim.__file__).resolve().parents[1] / "notebooks"


def pages() -> dict[str, str]:
    """Return the text of every page by its name from the folder of the sources."""
    found = {
        "scenario": _scenario(),
        "settings": _settings(),
        "faults": _verbs("fault", "Faults"),
        "workload": _verbs("workload", "Workload"),
        "topologies": _models("Topologies", ("topology", "generator"), _TOPOLOGIES),
        "jitter_and_loss": _models("Jitter and loss", ("jitter", "loss"), _JITTER),
        "figures": _figures(),
        "releases": _releases(),
        "commands": _commands(),
        "files": _files(),
        "python": _python(),
    }
    entries = "\n".join(found)
    index = f"# Reference\n\n{_INDEX}\n\n```{{toctree}}\n:maxdepth: 1\n\n{entries}\n```\n"
    written = {f"reference/{name}.md": text for name, text in {"index": index, **found}.items()}
    return {**written, **notebooks()}


_INDEX = """\
Everything that can be written, seen and called. These pages are made from the code, so they say what it
does; `serfsim explain NAME` says the same in a terminal, and `serfsim schema` prints the [JSON
Schema](https://serfsim.github.io/serfsim/scenario.schema.json) by which editors complete and check."""
_TOPOLOGIES = """\
`network.topology` takes one of these, by its name alone or with its keys. `serfsim topology` measures and
draws one."""
_JITTER = """\
`network.jitter` is what each packet takes longer, at random. Loss is a share of the packets, or a chain
of two states that loses them in bursts."""
_SCENARIO = """\
Every key of a scenario file. `[]` stands for an item of a list, NAME for a name of your own. Durations
carry a unit (500us, 200ms, 5s, 2m, 1h, 3d); shares are 5% or 0.05; sizes 100B or 1KiB. The keys of
`cluster.config` are the [settings](settings.md), those of `faults` and `workload` depend on the verb
([faults](faults.md), [workload](workload.md)), those of `network.topology`, `jitter` and `loss` on the
model ([topologies](topologies.md), [jitter and loss](jitter_and_loss.md)). `claims` are about
[figures](figures.md)."""
_SETTINGS = """\
The keys of `cluster.config`, and of `config` of a group or a node: settings of a real agent, by their own
names."""
_FIGURES = """\
The figures of `summary.json`, by which claims, sweeps, tunings and comparisons go. Only what happens
after the warm-up is scored. A figure that a run cannot have, such as a detection time without a crash, is
null. `traffic.by_type.TYPE.messages_per_node_s` and `.bytes_per_node_s` are figures too, for each type of
message."""
_RELEASES = """\
What members run: `cluster.version`, or the layers apart as `serf` and `memberlist`, or a `product`; the
same of a group, of a node, and in the fault `upgrade`. `serfsim versions` prints these tables in a
terminal, with `--json` as data. memberlist had no tags before 0.1.0: its releases before are the commits
that Serf pinned.

Some short names have always stood for an era: 0.8 is 0.8.0, and 0.9 is 0.9.4. Any other short name is the
newest patch. `latest` is the newest of both layers, which no release of Serf has together;
every result says in `layers` what its names stood for. A Serf never runs on a memberlist older than the one
that it pins, so such a pair is refused."""
_FILES = """\
`serfsim run` leaves a folder of these; `serfsim.open_result` reads it, and `result.member_events` and the
like are its tables as DataFrames. Times are seconds from the end of the warm-up."""


_DATA = {
    "DATA_SETS": "The public data sets by name, each with its source and its settings.",
    "__version__": "The version of serfsim.",
    "style": "The style of all plots, as matplotlib takes one.",
}
"""Public names that are neither classes nor functions."""


def _releases() -> str:
    return f"# Releases\n\n{_RELEASES}\n\n{as_markdown()}"


def notebooks() -> dict[str, str]:
    """Return the notebooks, and their page of contents."""
    files = sorted(NOTEBOOKS.glob("*.ipynb"))
    index = (NOTEBOOKS / "README.md").read_text(encoding="utf-8").replace("../docs/", "../")
    entries = "\n".join(file.stem for file in files)
    index += f"\n```{{toctree}}\n:maxdepth: 1\n:hidden:\n\n{entries}\n```\n"
    texts = {
        f"notebooks/{file.name}": file.read_text(encoding="utf-8").replace("../docs/", "../")
        for file in files
    }
    return {"notebooks/index.md": index, **texts}


# Pieces ------------------------------------------------------------------------------------------------


def _anchor(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def _named(name: str, kind: str) -> str:
    """Return a name as code that can be linked to: figures.md#figure-detection-missed."""
    return f"`{name}`{{#{_anchor(f'{kind}-{name}')}}}"


def _cell(text: str) -> str:
    plain = re.sub(r"(`[^`]*`)|([*\\<])", lambda found: found[1] or "\\" + found[2], text)
    return plain.replace("|", "\\|").replace("\n", " ")


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _key_table(keys: Iterable[Key], kind: str, prefix: str = "") -> str:
    rows = (
        (
            _named(key.path, f"{kind}{prefix}"),
            key.meaning,
            key.expects,
            "must be given" if key.is_required else _code(key.default),
            _code(key.example),
        )
        for key in keys
    )
    return _table(("key", "meaning", "value", "default", "example"), rows)


def _page(title: str, intro: str, sections: Iterable[str]) -> str:
    return "\n".join([f"# {title}\n", f"{intro}\n", *sections])


# Pages -------------------------------------------------------------------------------------------------


def _scenario() -> str:
    groups: dict[str, list[Key]] = {}
    for key in scenario_keys():
        groups.setdefault(key.path.split(".")[0].removesuffix("[]") if "." in key.path else "", []).append(
            key
        )
    sections = []
    for name, keys in groups.items():
        title = f"## {name}\n" if name else "## Top level\n"
        example = next((nested(key.path, key.example) for key in keys if key.path.count(".") == 1), "")
        block = f"```yaml\n{example}\n```\n" if example else ""
        sections.append(f"{title}\n{block}\n{_key_table(keys, 'key')}")
    return _page("Scenario files", _SCENARIO, sections)


def _settings() -> str:
    layers: dict[str, list[Topic]] = {}
    for topic in settings():
        layers.setdefault(dict(topic.facts)["of"], []).append(topic)
    sections = []
    for layer, found in layers.items():
        rows = []
        for topic in found:
            facts = dict(topic.facts)
            notes = [
                facts.get("rule", ""),
                f"Other releases: {facts['releases']}." if "releases" in facts else "",
                f"Needs {facts['needs']}." if "needs" in facts else "",
            ]
            modelled = facts["modelled"]
            notes += [f"Modelled: {modelled}." if modelled != "yes" else ""]
            name = topic.name.removeprefix("cluster.config.")
            meaning = " ".join(note for note in (topic.meaning, *notes) if note)
            cells = (
                _named(name, "setting"),
                meaning,
                facts["value"],
                facts.get("unit", ""),
                facts.get("default", ""),
            )
            rows.append((*cells, _code(f"{name}: {topic.example.rsplit(': ', 1)[1].rstrip('}')}")))
        title = layer[0].upper() + layer[1:] if layer == "agent" else layer
        header = ("setting", "meaning", "value", "unit", "default", "example")
        sections.append(f"## {title}\n\n{_table(header, rows)}")
    return _page("Settings", _SETTINGS, sections)


def _part(kind: str, part: PartReference) -> str:
    text = f"{part.summary} {part.details}".strip()
    example = FRAMES[kind].format(part.example)
    keys = [key for key in part.keys if key.path != "model"]
    table = _key_table(keys, kind, f"-{part.name}") if keys else ""
    label = f"({kind}-{_anchor(part.name)})=\n"
    return f"{label}## {part.name}\n\n{text}\n\n```yaml\n{example}\n```\n\n{table}"


def _verbs(kind: str, title: str) -> str:
    intro = f"An entry of `{title.lower()}` has one of these verbs, and its times."
    return _page(title, intro, (_part(kind, verb_reference(entry)) for entry in VERBS[kind].values()))


def _models(title: str, kinds: Sequence[str], intro: str) -> str:
    parts = (
        _part(kind, model_reference(name, model)) for kind in kinds for name, model in MODELS[kind].items()
    )
    return _page(title, intro, parts)


def _figures() -> str:
    groups: dict[str, list[Topic]] = {}
    for topic in figures():
        groups.setdefault(topic.name.split(".")[0], []).append(topic)
    sections = []
    for name, found in groups.items():
        rows = (
            (_named(topic.name, "figure"), topic.meaning, *(value for _, value in topic.facts))
            for topic in found
        )
        sections.append(f"## {name}\n\n{_table(('figure', 'meaning', 'unit', 'direction'), rows)}")
    return _page("Figures", _FIGURES, sections)


def _commands() -> str:
    sections = []
    for command in commands():
        rows = ((_code(one.written), one.help, _code(one.default)) for one in command.parameters)
        table = _table(("argument or option", "meaning", "default"), rows)
        label = f"(command-{_anchor(command.name)})="
        usage = f"```text\n{command.usage}\n```"
        sections.append(f"{label}\n## serfsim {command.name}\n\n{command.help}\n\n{usage}\n\n{table}")
    exits = cleandoc(codes.__doc__ or "").partition("\n\n")[2]
    return _page("Commands", "Exit codes of all of them:\n\n" + exits, sections)


def _files() -> str:
    json_rows = {"summary.json": HEADING, "sweep.json": SWEEP_KEYS}
    sections = []
    folders = (("A result folder", "file", FILES), ("The folder of a sweep", "sweep-file", SWEEP_FILES))
    for title, kind, files in folders:
        rows = ((_named(name, kind), meaning) for name, meaning in files.items())
        sections.append(f"## {title}\n\n{_table(('file', 'content'), rows)}")
    for name, columns in COLUMNS.items():
        sections.append(f"## {name}.parquet\n\n{_table(('column', 'unit', 'meaning'), _columns(columns))}")
    for name, keys in json_rows.items():
        rows_of_keys = (
            (_code(key), kind.replace("|", " or "), meaning) for key, (kind, meaning) in keys.items()
        )
        more = " Its other keys are the [figures](figures.md)." if name == "summary.json" else ""
        schema = name.replace(".json", ".schema.json")
        intro = f"Its JSON Schema is [{schema}](https://serfsim.github.io/serfsim/{schema}).{more}"
        sections.append(f"## {name}\n\n{intro}\n\n{_table(('key', 'type', 'meaning'), rows_of_keys)}")
    return _page("Result files", _FILES, sections)


def _columns(columns: Iterable[Any]) -> Iterator[tuple[str, str, str]]:
    for column in columns:
        yield _code(column.name), column.unit, column.meaning


def _python() -> str:
    directives = []
    for name in serfsim.__all__:
        value = getattr(serfsim, name)
        if isclass(value):
            options = ["   :members:", "   :inherited-members: BaseModel, Exception"]
            directives.append("\n".join([f".. autoclass:: serfsim.{name}", *options, ""]))
        elif callable(value):
            directives.append(f".. autofunction:: serfsim.{name}\n")
        else:
            directives.append(f".. py:data:: serfsim.{name}\n\n   {_DATA[name]}\n")
    body = "\n".join(directives)
    intro = cleandoc(serfsim.api.__doc__ or "").partition("\n\n")[2]
    return _page("Python", intro, [f"```{{eval-rst}}\n{body}\n```\n"])


# Sphinx ------------------------------------------------------------------------------------------------


def write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write the pages that are not there already as they are, and remove those of an earlier code."""
    for part in {name.split("/")[0] for name in texts}:
        (folder / part).mkdir(exist_ok=True)
        for file in (folder / part).iterdir():
            if file.is_file() and f"{part}/{file.name}" not in texts:
                file.unlink()
    for name, text in texts.items():
        file = folder / name
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            write_whole(file, text)


def setup(app: Sphinx) -> dict[str, Any]:
    """Have Sphinx write the pages before it reads any."""
    app.connect("builder-inited", lambda started: write(Path(started.srcdir), pages()))
    return {"parallel_read_safe": True}
