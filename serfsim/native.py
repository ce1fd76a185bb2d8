"""What the compiled part of serfsim leans on, kept behind one door.

The protocol, the network and the event queue are plain typed Python. mypyc turns them into
native code when a C compiler is there; without one the same files run as they are. The names
below are all they need beyond the language: fixed-width integers, packed arrays (`vec`) and a
small seeded generator. librt is young; should it ever have to be replaced, it is replaced here.
"""

from librt.random import Random as Random
from librt.vecs import append as append
from librt.vecs import extend as extend
from librt.vecs import pop as pop
from librt.vecs import vec as vec
from mypy_extensions import i16 as i16
from mypy_extensions import i32 as i32
from mypy_extensions import i64 as i64
from mypy_extensions import mypyc_attr as mypyc_attr
from mypy_extensions import u8 as u8
