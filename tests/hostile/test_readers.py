"""Changed and broken inputs for all that serfsim reads, in a sample."""

from __future__ import annotations

import io
import json
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from serfsim.base.errors import SerfsimError
from serfsim.scenario import load
from serfsim.topology.matrix import load_matrix
from tests.hostile.fuzzing import Tally, Target, fault_of, fuzz
from tests.hostile.targets import TARGETS

INPUTS = {
    "datagram": 2500,
    "stream": 1500,
    "lzw": 500,
    "frames": 1000,
    "snapshot": 400,
    "members": 200,
    "sweep": 15,
}
FEW = 40  # of readers that touch the disk
SERFSIM = Path(__file__).resolve().parents[2] / "serfsim"
UNPICKLES = re.compile(
    r"^\s*(?:import|from) (?:_?pickle|marshal|shelve|dill|cloudpickle|jsonpickle)\b"
    r"|joblib\.load|read_pickle|unsafe_load|full_load|allow_pickle=(?!False)|typ=.unsafe",
    re.MULTILINE,
)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_an_input_is_read_or_refused_by_name_in_bounded_time(target: Target, tmp_path: Path) -> None:
    tally = fuzz(target, INPUTS.get(target.name, FEW), 7, tmp_path)
    assert tally.faults == {}


def test_the_check_itself_notices_what_it_is_for(tmp_path: Path) -> None:
    target = Target("any", "", 1, lambda: [b""], lambda scratch: str, names_file=True)

    def raises(data: bytes) -> str:
        raise KeyError

    assert fault_of(target, raises, b"", Tally()).startswith("KeyError in ")
    assert "without file or remedy" in fault_of(target, lambda data: "bad", b"", Tally())
    assert fault_of(target, lambda data: "/a/b: found x; expected y", b"", Tally()) == ""


class Bomb:
    """Notes that it was unpickled."""

    exploded = False

    def __reduce__(self) -> tuple[object, tuple[()]]:
        return (explode, ())


def explode() -> Bomb:
    Bomb.exploded = True
    return Bomb()


def test_nothing_is_unpickled_from_a_data_file(tmp_path: Path) -> None:
    array, archive = io.BytesIO(), io.BytesIO()
    np.save(array, np.array([[Bomb(), 1], [1, 0]], dtype=object), allow_pickle=True)
    np.savez(archive, rtt_ms=np.array([[Bomb()]], dtype=object))
    for name, content in (
        ("a.npy", array.getvalue()),
        ("a.npz", archive.getvalue()),
        ("b.npy", pickle.dumps(Bomb())),
        ("b.npz", pickle.dumps(Bomb())),
        ("b.json", json.dumps({"py/reduce": ["os.system"]}).encode()),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SerfsimError, match=name):
            load_matrix(tmp_path / name)
    (tmp_path / "s.yaml").write_text("name: !!python/object/apply:os.abort []\n")
    with pytest.raises(SerfsimError, match=r"s\.yaml"):
        load(tmp_path / "s.yaml")
    assert not Bomb.exploded


def test_no_module_can_unpickle() -> None:
    for file in sorted(SERFSIM.rglob("*.py")):
        found = UNPICKLES.search(file.read_text(encoding="utf-8"))
        assert found is None, f"{file}: {found}"
