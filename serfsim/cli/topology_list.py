"""`serfsim topology --list`: the public data sets and backbones with names."""

from __future__ import annotations

from collections import Counter

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from serfsim.topology.datasets import DATA_FOLDER, all_data_sets, local_path


def print_known() -> None:
    """Print size, licence and origin of each data set, and the number of backbones in each collection."""
    # start-up: the help works without it
    from serfsim.topology.backbone import networks

    console = Console()
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column()
    for data_set in all_data_sets():
        here = "" if local_path(data_set) is None else " (here)"
        table.add_row(escape(data_set.name), escape(data_set.title + here))
        table.add_row("", f"[dim]{escape(f'{data_set.licence}; {data_set.origin}')}[/dim]")
    console.print(table)
    console.print(
        f"\nMissing data sets are downloaded at first use, or read from the folder in {DATA_FOLDER}."
    )
    collections = Counter(name.split("/", 1)[0] for name in networks())
    examples = {collection: _example(collection, networks()) for collection in collections}
    console.print("\n[bold]backbones[/bold] from topohub")
    for collection, count in sorted(collections.items()):
        console.print(f"  {collection}: {count:,}, such as {examples[collection]}")


def _example(collection: str, names: tuple[str, ...]) -> str:
    return next(name for name in names if name.startswith(f"{collection}/"))
