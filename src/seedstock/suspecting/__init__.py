"""Suspects: rows whose output a cheap probe finds implausible, ranked for a person to look at.

`claims` reads what an output says, `spans` describes what it is said of, `families` keeps relatives in
one fold, `probe` tells what it would have expected, `missed` what was not marked, `ranking` puts the rows
in order.
"""
