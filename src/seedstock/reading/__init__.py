"""Reading what models answer: JSON, however it is written (`answer.py`)."""

from seedstock.reading.answer import Read, read_json
from seedstock.reading.broken import CutOff

__all__ = ["CutOff", "Read", "read_json"]
