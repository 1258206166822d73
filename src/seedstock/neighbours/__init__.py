"""Exact nearest neighbours by cosine: unit vectors in, pairs above a threshold out. Nothing is approximate.

index = Index(384)
index.add(kept)
index.near(queries, 0.92)                  # Pairs: which query, which kept row, their cosine
keep_first(vectors, 0.92)                  # greedy: the rows that no kept row before them is near to
twins(vectors, 0.92)                       # each row's nearest other row, and how many pairs there are
"""

from seedstock.neighbours.greedy import first_of_each, keep_first, twins
from seedstock.neighbours.index import Index
from seedstock.neighbours.pairs import Pairs, Vectors, cosines

__all__ = ["Index", "Pairs", "Vectors", "cosines", "first_of_each", "keep_first", "twins"]
