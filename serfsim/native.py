"""The compiled code's only dependencies beyond the language.

Protocol, network and event queue are typed plain Python. mypyc compiles them to native code where a C
compiler exists; without one the same files run interpreted. They need fixed-width integers, packed arrays
(`vec`) and a small seeded generator. librt is young: a replacement would go here.
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
