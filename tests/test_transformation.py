"""Rewritings that must keep something, and functions of the owner's own."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import cli, make_config, read_rows, seed_rows, write_rows
from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.errors import InputError
from seedstock.example import Example, Source
from seedstock.gates.base import Batch, Tools
from seedstock.gates.relevance_function import FunctionGate, FunctionSettings
from seedstock.gates.relevance_transformation import TransformationGate, TransformationSettings
from seedstock.tasks.text import Text, TextSettings
from seedstock.transforms import FIXED, INVERSES, protected
from seedstock.verdict import Verdict

TOOLS = Tools(Text(TextSettings(), Path()), Lexical(LexicalSettings(dims=64)))
EVERYTHING = ("numbers", "codes", "urls", "emails", "placeholders", "tags", "quoted")


def row(given_input: str, output: str, **meta: Any) -> Example:
    return Example("r7", given_input, output, meta=meta, source=Source("synthetic"))


def verdict(given_input: str, output: str, meta: dict[str, Any] | None = None, **settings: Any) -> Verdict:
    gate = TransformationGate(TransformationSettings(**settings), TOOLS)
    found = gate.check(Batch([row(given_input, output, **(meta or {}))], TOOLS))[0]
    json.dumps(found.to_json())
    return found


@pytest.mark.parametrize(
    ("given_input", "output", "settings", "code"),
    [
        (
            "Send {name} 1,200.50 to a@b.com",
            "Schick {name} 1200.5 an a@b.com",
            {"protected": EVERYTHING},
            "kept",
        ),
        ("Send {name} 3 euros", "Schick 3 Euro", {"protected": ["placeholders"]}, "lost_token"),
        ("Send 3 euros", "Schick 3 3 Euro", {"protected": ["numbers"]}, "added_token"),
        ("See https://x.org/a.", "Siehe https://x.org/a!", {"protected": ["urls"]}, "kept"),
        ("Pump P-204 leaks", "Pumpe P-205 leckt", {"protected": ["codes"]}, "lost_token"),
        ("<b>so</b>", "<b>so</i>", {"protected": ["tags"]}, "lost_token"),
        ("Ask Seedstock", "Frag Saatgut", {"words": ["Seedstock"]}, "lost_token"),
        ("hello", "aGVsbG8=", {"inverse": "base64"}, "undone"),
        ("hello", "aGVsbG9v", {"inverse": "base64"}, "not_undone"),
        ("hello", "%%%", {"inverse": "base64"}, "not_undone"),
        ("hello", "[" * 100_000, {"inverse": "json_text"}, "not_undone"),
        ("b\na", "a\nb", {"idempotent": "sorted_lines"}, "kept"),
        ("b\na", "b\na", {"idempotent": "sorted_lines"}, "not_final"),
        ("a", "b", {}, "not_declared"),
    ],
)
def test_what_must_be_kept(given_input: str, output: str, settings: dict[str, Any], code: str) -> None:
    found = verdict(given_input, output, **settings)
    assert found.code == code, found.reason
    status = {"kept": "warn", "undone": "pass", "not_declared": "skipped"}.get(code, "fail")
    assert found.status == status


def test_the_text_may_stand_in_another_field() -> None:
    assert verdict("Encode it.", "b2xsYQ==", {"text": "olla"}, inverse="base64", of="text").code == "undone"


def test_the_evidence_names_the_tokens() -> None:
    found = verdict("From 3 to 5", "Von 3 bis 6", protected=["numbers"])
    assert found.evidence == {"lost": ["5"], "added": ["6"]}


@pytest.mark.parametrize("name", ["base46", "lower"])
def test_an_unknown_inverse_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is none of them"):
        TransformationSettings(inverse=name)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40))
def test_what_is_fixed_once_is_fixed(text: str) -> None:
    for name, function in FIXED.items():
        if name not in ("lower", "upper"):  # of some letters of Unicode there is no one case
            assert function(function(text)) == function(text)
    assert protected(text, EVERYTHING, ()) == protected(text, EVERYTHING, ())
    assert INVERSES["rot13"](INVERSES["rot13"](text)) == text
    assert INVERSES["hex"](text.encode().hex()) == text


@pytest.mark.parametrize("piece", ["1,", "1", "<a ", "{", "a@", "A1-", "`", '"', "http://", "%(", "$" + "{"])
def test_nothing_hangs(piece: str) -> None:
    start = time.perf_counter()
    protected(piece * (200_000 // len(piece)) + "x", EVERYTHING, ["a"])
    assert time.perf_counter() - start < 1.5


# -- the owner's own function


OWN = """
def short(row): return len(row["output"]) < 5
def why(row): return (False, "never " + row["meta"]["kind"])
def score(row): return len(row["output"]) / 10
def odd(row): return "yes"
def broken(row): return 1 / 0
twice = lambda text: text[: len(text) // 2]
number = 3
"""


def asked(folder: Path, function: str, output: str = "abc", **more: Any) -> Verdict:
    (folder / "own.py").write_text(OWN)
    settings = FunctionSettings(file=folder / "own.py", function=function, **more)
    return FunctionGate(settings, TOOLS).check(Batch([row("x", output, kind="so")], TOOLS))[0]


def test_what_a_function_says_is_the_verdict(tmp_path: Path) -> None:
    assert (asked(tmp_path, ":short").status, asked(tmp_path, ":short", "abcdef").status) == ("pass", "fail")
    assert asked(tmp_path, ":why").reason == "never so"
    found = asked(tmp_path, ":score", min_score=0.5)
    assert (found.status, found.figure, found.threshold) == ("fail", 0.3, 0.5)
    assert asked(tmp_path, ":score", "abcdef", min_score=0.5).status == "pass"


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (":broken", "your function ':broken' failed on row r7: ZeroDivisionError"),
        (":odd", "gave 'yes' for row r7; it must give True or False"),
        (":score", "a score needs min_score"),
        (":nothing", "there is no function 'nothing'"),
        (":number", "there is no function 'number'"),
    ],
)
def test_a_bad_function_is_one_line(tmp_path: Path, function: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        asked(tmp_path, function)


def test_functions_come_from_modules_too() -> None:
    gate = FunctionGate(FunctionSettings(function="operator:truth"), TOOLS)
    assert gate.check(Batch([row("x", "y")], TOOLS))[0].status == "pass"
    for name in ("no.such.module:f", "operator:nothing"):
        with pytest.raises(InputError):
            FunctionGate(FunctionSettings(function=name), TOOLS)
    for wrong in ({"function": "operator"}, {"function": ":f"}, {"file": "a.py"}):
        with pytest.raises(ValueError, match="function"):
            FunctionSettings(**wrong)  # type: ignore[arg-type]


def test_a_function_may_undo_a_transformation(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN)
    assert verdict("ab", "abab", inverse=":twice", file=tmp_path / "own.py").code == "undone"


def test_a_config_names_the_file_beside_it(tmp_path: Path) -> None:
    write_rows(tmp_path / "seeds.jsonl", seed_rows(60))
    (tmp_path / "own.py").write_text("def fine(row): return 'samovar' not in row['input'], 'no samovars'\n")
    own = {"relevance.function": {"file": "own.py", "function": ":fine"}}
    config = make_config(tmp_path, gates=own)
    made = [
        {"id": "a", "input": "the samovar whistles at dawn", "output": "praise"},
        {"id": "b", "input": "a heron walked into my kitchen", "output": "complaint"},
    ]
    out = tmp_path / "out"
    done = cli("audit", write_rows(tmp_path / "made.jsonl", made), "--config", config, "--out", out, "--json")
    assert [r["id"] for r in read_rows(out / "kept.jsonl")] == ["b"], done.err
    assert read_rows(out / "rejected.jsonl")[0]["reason"] == "no samovars"
    (tmp_path / "own.py").write_text("def fine(row): raise KeyError('x')\n")
    done = cli("audit", tmp_path / "made.jsonl", "--config", config)
    assert (done.code, done.lines) == (2, 1)
    assert "failed on row a: KeyError" in done.err
