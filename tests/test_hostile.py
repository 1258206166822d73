"""Hostile rows: nothing hangs, nothing is run, nothing leaves the page that it stands on."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from helpers import cli, make_project, read_rows, write_rows
from seedstock.hygiene.echo import echoes, repeated, runs_of
from seedstock.hygiene.habits import SIGNS
from seedstock.hygiene.marks import MARKS
from seedstock.hygiene.slips import SLIPS
from seedstock.hygiene.tongue import Tongues

MB = 1_000_000
SCRIPT = "<script>alert('x')</script><img src=x onerror=alert(1)>"
DEEP = "[" * 10_000 + "]" * 10_000


def plain(i: int, **changes: Any) -> dict[str, Any]:
    text = f"the {('red', 'green', 'blue')[i % 3]} kettle number {i} hums a tune of its own in room {i * 7}"
    return {"id": f"x{i}", "input": text, "output": "praise", **changes}


HOSTILE = {
    "long_input": plain(1, input="a" * 10 * MB),
    "long_output": plain(2, output="praise " * MB),
    "long_value": plain(3, output={"a": ["x" * 5 * MB]}),
    "deep_output": plain(4, output=DEEP),
    "deep_text": plain(5, input='{"a":' * 10_000 + "1" + "}" * 10_000),
    "nul": plain(6, input="the kettle\x00hums"),
    "bidi": plain(7, input="the kettle \u202esmuh\u202c loudly"),
    "isolate": plain(8, output="praise\u2066"),
    "surrogate": plain(9, input="half \ud83d a smile"),
    "tags": plain(
        10, input="the kettle hums \U000e0069\U000e0067\U000e006e\U000e006f\U000e0072\U000e0065 softly"
    ),
    "zero_width": plain(11, input="the ket\u200btle whis\u200btles when the tea is ready"),
    "formula": plain(12, input='=HYPERLINK("http://evil.example","click") and a kettle'),
    "html": plain(13, input=f"a kettle {SCRIPT} that hums"),
    "html_label": plain(14, output=SCRIPT),
    "html_id": {**plain(15, output="joy"), "id": SCRIPT},
    "label_number": plain(16, output=1e308),
    "no_text": plain(17, input={"a": {"b": None}}),
    "messages": {"id": "x18", "input": [{"role": "user", "content": "x"}] * 3000, "output": "praise"},
    "template": plain(19, input="{{ 7 * 7 }} {% include 'x' %} ${7*7} %s {0}"),
}
REASONS = {
    "long_input": "oversized", "long_output": "oversized", "long_value": "oversized",
    "deep_output": "unknown_label", "nul": "bad_characters", "bidi": "bad_characters",
    "isolate": "bad_characters", "surrogate": "bad_characters", "html_label": "unknown_label",
    "html_id": "unknown_label", "label_number": "unknown_label", "messages": "chat",
}  # fmt: skip


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of them through the command, with the folder that it wrote."""
    folder = tmp_path_factory.mktemp("hostile")
    make_project(folder / "p", holdout=3)
    given = write_rows(folder / "rows.jsonl", list(HOSTILE.values()))
    config = folder / "p" / "seedstock.yaml"
    start = time.process_time()
    done = cli("audit", given, "--config", config, "--out", folder / "out", "--json")
    assert time.process_time() - start < 20, "minutes where something is not linear"
    assert done.code == 0, done
    assert done.json["kept"] + sum(done.json["rejected"].values()) == done.json["rows"] == len(HOSTILE)
    return folder / "out"


def test_a_row_that_is_no_usable_json_is_one_line(tmp_path: Path) -> None:
    given = write_rows(tmp_path / "rows.jsonl", [plain(1)])
    given.write_text(given.read_text() + '{"input": ' + DEEP + ', "output": "praise"}\n')
    done = cli("audit", given, "--config", make_project(tmp_path / "p") / "seedstock.yaml", "--json")
    assert (done.code, done.lines) == (2, 1)
    assert "rows.jsonl:2" in done.err


def test_each_gets_its_reason(audited: Path) -> None:
    lost = {row["id"]: row for row in read_rows(audited / "rejected.jsonl")}
    codes = {name: lost[HOSTILE[name]["id"]]["code"] for name in REASONS}
    assert codes == REASONS
    for row in lost.values():
        assert json.dumps(row["evidence"]).isprintable()
        assert len(row["reason"]) < 1000


def test_what_is_kept_holds_nothing_that_nobody_sees(audited: Path) -> None:
    kept = {row["id"]: row for row in read_rows(audited / "kept.jsonl")}
    assert kept["x10"]["input"] == "the kettle hums  softly"
    assert kept["x11"]["input"] == "the kettle whistles when the tea is ready"
    assert kept["x11"]["repairs"] == ["drop_invisible"]
    assert kept["x13"]["input"] == HOSTILE["html"]["input"], "a file of rows is no page"


def test_the_page_shows_it_and_runs_nothing(audited: Path) -> None:
    page = (audited / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert not re.search("[\x00\u202a-\u202e\u2066-\u2069]", page)
    assert len(page) < 300_000


FILLERS = (
    " ", "\n", "<|a", "[your ", "(", '"', "```", "1. ", "\\u2019", "â€™", "here is ", "i hope this helps ",
    "Sure! here is examples ", "i'm sorry, but i cannot ", "input ", "query: ", "A. ", "<ul ", "&amp;",
    "a\u200db",
)  # fmt: skip


@pytest.mark.parametrize("filler", FILLERS)
def test_every_pattern_takes_linear_time(filler: str) -> None:
    """A megabyte made for it; a quadratic one would take hours."""
    text = "x" + filler * (MB // len(filler)) + "x"
    small = text.casefold()
    start = time.process_time()
    for mark in MARKS:
        assert sum(1 for _ in mark.find(text, small)) >= 0
    for sign in SIGNS:
        sign.find(text)
    for slip in SLIPS:
        slip.fix(text)
    Tongues(("en",)).stranger(text)
    repeated(text, runs_of("a b c d e f g h i"))
    echoes(text, text)
    assert time.process_time() - start < 10
