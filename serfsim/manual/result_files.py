"""The folders of a run and of a sweep: files, columns of tables, and keys of JSON files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

FILES: Final[Mapping[str, str]] = {
    "summary.json": "the heading and the figures of the run, and whether its claims hold",
    "scenario.yaml": "the scenario with every default filled in; it runs again to the same digest",
    "log.txt": "the lines that the members' agents would have written",
    "violations.json": "what broke an invariant, by rule, member and time, of a run with `--check`",
    "pools/": "a folder with the result of each pool of the cluster",
    "truth.json": "what was true: who was down, under a fault, crashed or left, and when; where nodes lie",
    "report.html": "one page with the answer, the claims, the figures and the tables",
    "plots/": "each figure of the page as a PNG",
    "member_events.parquet": "what members came to believe of each other",
    "probes.parquet": "outcomes of probes, counted for every second",
    "coordinates.parquet": "samples of the members' coordinates",
    "coordinate_error.parquet": "error of the estimated round trips over all live pairs, at every sample",
    "traffic.parquet": "messages and bytes by type, for every second",
    "deliveries.parquet": "user events, queries, acks and answers that came in",
    "queues.parquet": "messages that wait to be gossiped, at every sample",
    "capture.pcap, capture.pcapng": "every packet, where `record.packets` asks for it",
    "packets.parquet": "every packet, where `record.replay` asks for it",
    "member_queues.parquet": "the queues of each member, at every sample; with `record.replay`",
    "replay.html": "the page of `serfsim replay`, which plays the run",
    "manifest.json": "size and hash of each of these files",
}

SWEEP_FILES: Final[Mapping[str, str]] = {
    "sweep.json": "version of the code and of your own, grid, seeds and the content of topologies' files",
    "scenario.yaml": "the scenario that the grid's values are put into",
    "runs.parquet, runs.csv": "a row for each run: parameters, seed, status and every figure",
    "summary.csv": "with `--confidence`: a row for each point of the grid, with intervals over the seeds",
    "parts/": "each run that has ended, in a file named by its key",
    "manifest.json": "size and hash of the tables",
}


class Column(NamedTuple):
    """A column of a table; `unit` may be ""."""

    name: str
    unit: str
    meaning: str


_TIME: Final = Column("t_s", "s", "time from the end of the warm-up")
_STATISTICS: Final = {
    "p50": "median",
    "p90": "90th percentile",
    "p99": "99th percentile",
    "mean": "mean",
    "max": "largest",
}

COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    "member_events": (
        _TIME,
        Column("observer", "", "member that came to believe it"),
        Column("subject", "", "member that it is about; missing where it is about none"),
        Column("kind", "", "what happened: joined, suspect, failed, left, alive and so on"),
        Column("truth_alive", "", "whether the subject was up then"),
        Column(
            "truth_reachable",
            "",
            "whether packets could pass from the observer to the address that the subject tells, and back;"
            " missing in very long tables",
        ),
        Column("confirmations", "", "of a suspicion that timed out, and its failed: peers that confirmed it"),
        Column("detail", "", "a number whose meaning depends on the kind"),
    ),
    "probes": (
        Column("t_s", "s", "beginning of the second"),
        Column("kind", "", "outcome of a probe, or what followed from it"),
        Column("count", "", "how many there were in that second"),
    ),
    "coordinates": (
        _TIME,
        Column("node", "", "member whose coordinate it is"),
        Column("vec_0 ...", "s", "Euclidean part, a column for each dimension"),
        Column("height", "s", "height"),
        Column("adjustment", "s", "adjustment"),
        Column("error", "", "error that the member ascribes to its coordinate"),
    ),
    "coordinate_error": (
        _TIME,
        *(
            Column(f"relative_error_{name}", "", f"{words} of the relative error")
            for name, words in _STATISTICS.items()
        ),
        *(
            Column(f"absolute_error_{name}_ms", "ms", f"{words} of the absolute error")
            for name, words in _STATISTICS.items()
        ),
        Column("rank_loss", "", "relative rank loss"),
        Column("nearest_accuracy", "", "share of nodes whose estimated nearest is the true nearest"),
        Column("pairs", "", "pairs of live nodes counted"),
    ),
    "traffic": (
        Column("t_s", "s", "beginning of the second"),
        Column("message_type", "", "type of the message that leads the packet; overhead belongs to none"),
        Column("transport", "", "udp or tcp"),
        Column("count", "", "messages"),
        Column("bytes", "B", "bytes of whole IP packets"),
    ),
    "deliveries": (
        Column("t_sent_s", "s", "when the event or query was sent"),
        Column("t_received_s", "s", "when the member got it"),
        Column("t_delivered_s", "s", "when its application did; missing where it did not"),
        Column("kind", "", "event, query, ack or response"),
        Column("name", "", "name of the event or query"),
        Column("ltime", "", "its Lamport time"),
        Column("source", "", "member that sent it; of an ack or response: whose it is"),
        Column("node", "", "member that got it"),
        Column("payload_bytes", "B", "payload of the event or query"),
    ),
    "queues": (
        _TIME,
        Column("queue", "", "broadcasts, intents, events or queries"),
        Column("mean", "", "mean over live members of the messages that wait"),
        Column("p90", "", "90th percentile over live members"),
        Column("max", "", "most at any live member"),
    ),
    "packets": (
        Column("t_s", "s", "when it was sent"),
        Column("arrives_s", "s", "when it arrives at its target's socket; missing for one that is lost"),
        Column("kind", "", "message that leads the datagram, or for which the stream was opened"),
        Column("segment", "", "of TCP: syn, syn_ack, request, answer, fin or rst; missing for a datagram"),
        Column("source", "", "member that sent it; missing for one from outside"),
        Column("target", "", "member that it is addressed to; missing where nobody has the address"),
        Column("about", "", "member that is pinged, or the subject of a carried suspect, dead or alive"),
        Column("carries", "", "kinds of broadcasts inside a datagram, such as suspect+alive"),
        Column("probe", "", "number of the probe that it belongs to; missing outside probes"),
        Column("bytes", "B", "UDP and IP headers included; missing for a segment"),
    ),
    "member_queues": (
        _TIME,
        Column("node", "", "member whose queues they are"),
        Column("broadcasts", "", "memberlist's messages that wait to be gossiped"),
        Column("intents", "", "join and leave intents that wait"),
        Column("queries", "", "queries that wait"),
        Column("events", "", "user events that wait"),
        Column("handoff", "", "received messages that wait for the worker"),
    ),
}
"""The columns of each table, in order."""

HEADING: Final[Mapping[str, tuple[str, str]]] = {
    "schema_version": ("integer", "version of the form of this file"),
    "name": ("string", "name of the scenario"),
    "question": ("string", "its question"),
    "seed": ("integer", "seed of the run"),
    "digest": ("string", "hash of all that happened: equal scenario, seed and version give an equal one"),
    "versions": (
        "object",
        "serfsim, Python, numpy, the compiled form or not, and your own code by name and digest",
    ),
    "layers": ("object", "releases of Serf and memberlist that each name in serf_releases stands for"),
    "serf_releases": ("object", "how many nodes ran which release of Serf at the start and at the end"),
    "nodes": ("integer", "number of nodes"),
    "duration_s": ("number", "length of the run after the warm-up, in seconds"),
    "warm_up_s": ("number", "length of the warm-up, in seconds"),
    "warm_up_settled": ("boolean|null", "whether the join was gossiped to its end when scoring began"),
    "wall_s": ("number", "seconds that the simulation took"),
    "cpu_s": ("number", "seconds of processor time that it took"),
    "events_processed": ("integer", "events of the simulation"),
    "events_per_s": ("number|null", "events in a second of wall time"),
    "complete": ("boolean", "false where the run was interrupted"),
    "interrupted_at_s": ("number|null", "simulated time at which it was interrupted"),
    "claims": ("array", "each claim, whether it holds, and the value found"),
}
"""The keys of summary.json that are no figures: the JSON type and the meaning of each."""

OWN_KEYS: Final[Mapping[str, tuple[str, str]]] = {
    "own": ("object", "figures of your own, `own.NAME` in claims and tables"),
    "own_failed": ("object", "why functions of such figures gave no number"),
    "violations": ("object", "violations of invariants by rule, of a run with `--check`"),
}
"""The keys that summary.json has only where the scenario has figures of the user's own, or with checks."""

SWEEP_KEYS: Final[Mapping[str, tuple[str, str]]] = {
    "schema_version": ("integer", "version of the form of this file"),
    "name": ("string", "name of the scenario"),
    "code": ("string", "version of serfsim, and a digest of the sources that figures come from"),
    "grid": ("object", "values of each path"),
    "seeds": ("array", "seeds of every point"),
    "files": ("object", "files that topologies are made of, with a digest of their content"),
    "own_code": ("object", "import paths of your own code, with a digest of the source of each"),
}
"""The keys of sweep.json."""
