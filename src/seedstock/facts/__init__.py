"""The facts of a text (numbers, units, dates, codes, names, negations), and what a rewrite did to them.

knowledge = Knowledge.of(texts_of_the_real_rows)
protected("Pump P-204 leaks 3 litres", (), knowledge)     # what a rewrite must keep
changes("Pump P-204 leaks", "Pump P-205 leaks")           # [lost_code P-204, added_code P-205]
"""

from seedstock.facts.change import Change
from seedstock.facts.compare import changes, value_changes
from seedstock.facts.knowledge import Knowledge
from seedstock.facts.protecting import protected
from seedstock.facts.reading import Facts
from seedstock.facts.values import stands

__all__ = ["Change", "Facts", "Knowledge", "changes", "protected", "stands", "value_changes"]
