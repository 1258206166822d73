"""Which texts share most of their runs of five characters: near copies, and texts within texts. Exact.

near = Similar(0.8)
near.add(texts)
near.find(Read(others))                    # Shared: which query, which text, the share of runs in common
Contained(texts, 0.6).find(others)         # the share of the shorter text's runs
"""

from seedstock.overlap.contained import Contained
from seedstock.overlap.grams import MOST_CHARACTERS, SIZE, Shared, grams
from seedstock.overlap.similar import Read, Similar

__all__ = ["MOST_CHARACTERS", "SIZE", "Contained", "Read", "Shared", "Similar", "grams"]
