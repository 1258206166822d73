"""rethreshold, and check --pairs: what other thresholds would do, and which one a person's marks call for."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from helpers import cli, make_project, read_rows, write_rows
from seedstock.twincheck import DIFFERENT, SAME, Pair, calibrated, read_pairs, write_pairs
from server import TeacherServer

TEXTS = [
    "the printer on the second floor prints nothing but stripes",
    "the printer on the second floor prints nothing except stripes",
    "my parcel was left in the rain behind the house",
    "my parcel was left in the rain beside the house",
    "who do i ask about the invoice of the bicycle",
]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def audited(folder: Path, rows: list[dict[str, Any]], *more: object) -> Any:
    make_project(folder, embedder="minilm")
    path = write_rows(folder / "rows.jsonl", rows)
    done = cli("audit", path, "--config", folder / "seedstock.yaml", "--out", folder / "out", "--json", *more)
    assert done.code == 0, done
    return done.json


def rows(outputs: str = "praise") -> list[dict[str, Any]]:
    return [{"id": f"x{i}", "input": text, "output": outputs} for i, text in enumerate(TEXTS)]


def test_an_audit_at_other_thresholds_is_what_an_audit_with_them_keeps(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    held = read_rows(make_project(folder, embedder="minilm") / "holdout.jsonl")[0]["input"]
    found = audited(folder, [{"id": "leak", "input": held, "output": "praise"}, *rows()])
    assert found["rejected"] == {"leak": 1, "duplicate": found["rejected"]["duplicate"]}
    done = cli("rethreshold", "--audit", folder / "out", "--json")
    assert done.code == 0, done
    table = {outcome["threshold"]: outcome for outcome in done.json["outcomes"]}
    assert (done.json["threshold"], done.json["rows"], done.json["embedded"]) == (0.92, len(TEXTS), 0)
    assert table[0.92]["kept"] == found["kept"]
    assert table[0.92]["changes"] == []
    kept = [outcome["kept"] for _, outcome in sorted(table.items())]
    assert kept == sorted(kept)
    stricter = make_project(tmp_path / "q", embedder="minilm", gates={"duplicate": {"threshold": 0.99}})
    again = cli("audit", folder / "rows.jsonl", "--config", stricter / "seedstock.yaml", "--json")
    assert again.json["kept"] == table[0.99]["kept"]


def test_a_run_at_other_thresholds_asks_nobody_and_starts_from_what_it_kept(
    tmp_path: Path, server: TeacherServer
) -> None:
    folder = make_project(tmp_path / "p", server.url)
    run = cli("--project", folder, "run", "--json")
    assert run.code == 0, run
    asked = len(server.seen)
    done = cli("--project", folder, "rethreshold", "--threshold", "0.5", "--json")
    assert done.code == 0, done
    low, now = done.json["outcomes"]
    assert (low["threshold"], now["threshold"]) == (0.5, 0.92)
    assert done.json["rows"] >= now["kept"] == run.json["accepted"]
    assert low["kept"] <= now["kept"]
    assert len(server.seen) == asked
    assert cli("--project", folder, "run", "--json").json["accepted"] == run.json["accepted"]


def test_one_threshold_shows_the_rows_it_would_decide_otherwise(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    found = audited(folder, rows())
    assert found["kept"] < len(TEXTS)
    done = cli("rethreshold", "--audit", folder / "out", "--threshold", "0.9999", "--json")
    high = done.json["outcomes"][-1]
    assert len(high["changes"]) == high["kept"] - found["kept"] > 0
    assert all(change["kept"] and "cosine" in change["reason"] for change in high["changes"])
    shown = cli("rethreshold", "--audit", folder / "out", "--threshold", "0.9999")
    assert "0.92 (now)" in shown.out
    assert "Decided otherwise" in shown.out


@pytest.mark.parametrize("make", [lambda p: p, lambda p: (p / "audit.json").write_text("[]")])
def test_a_folder_that_is_no_audit_is_one_line(make: Any, tmp_path: Path) -> None:
    make(tmp_path)
    done = cli("rethreshold", "--audit", tmp_path)
    assert (done.code, done.lines) == (2, 1)
    assert "no folder that `audit --out` wrote" in done.err


def test_conflicts_are_listed_with_both_rows(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    seed = read_rows(make_project(folder, embedder="minilm") / "seeds.jsonl")[0]
    other = next(label for label in ("complaint", "praise", "question") if label != seed["output"])
    against_seed = {"id": "s", "input": seed["input"].upper() + "!", "output": other}
    contradicting = {**rows("complaint")[1], "id": "c"}
    found = audited(folder, [against_seed, rows()[0], contradicting])
    assert found["rejected"] == {"duplicate.conflict": 1}
    assert found["conflicts"] == {"conflict": 1, "near_conflict": 1}
    exact, near = read_rows(folder / "out" / "conflicts.jsonl")
    assert (exact["id"], exact["other"], exact["kept"]) == ("s", seed["id"], False)
    assert (exact["other_input"], exact["other_output"]) == (seed["input"], seed["output"])
    assert (near["id"], near["other"], near["kept"], near["other_input"]) == ("c", "x0", True, TEXTS[0])
    assert near["cosine"] > 0.92


def pair(cosine: float, mark: str) -> Pair:
    return Pair(cosine, "a", "b", "one", "two", mark)


def test_marks_choose_the_threshold_that_tells_the_same_apart() -> None:
    pairs = [pair(0.80 + 0.01 * i, SAME if i >= 14 else DIFFERENT) for i in range(20)]
    verdict = calibrated([pair(p.cosine + 0.005, p.mark) for p in pairs], 0.92)
    assert (verdict.status, verdict.figure, verdict.threshold) == ("warn", 0.94, 0.92)
    assert "threshold: 0.94" in verdict.reason
    verdict = calibrated([pair(p.cosine + 0.005, p.mark) for p in pairs], 0.94)
    assert (verdict.status, verdict.figure) == ("pass", 0.94)


def test_too_few_marks_or_of_one_kind_choose_nothing() -> None:
    few = [pair(0.9, SAME)] * 10 + [pair(0.8, DIFFERENT)] * 9 + [pair(0.85, "")] * 50
    assert calibrated(few, 0.92).status == "not_enough_data"
    assert calibrated([pair(0.9, SAME)] * 40, 0.92).status == "not_enough_data"


def test_pairs_survive_a_spreadsheet(tmp_path: Path) -> None:
    pairs = [Pair(0.91, "a", "b", '=1+1;"x"', "two\nlines, é"), Pair(0.97, "c", "d", "e", "f", SAME)]
    write_pairs(pairs, tmp_path / "pairs.csv")
    first, second = read_pairs(tmp_path / "pairs.csv")
    assert (first.input_a, first.input_b) == ('\'=1+1;"x"', "two\nlines, é")
    assert second == pairs[1]


def test_check_writes_pairs_and_reads_their_marks(tmp_path: Path) -> None:
    seeds = [
        {"id": f"s{i}-{k}", "input": text.replace("stripes", f"{word} stripes"), "output": "praise"}
        for i, word in enumerate("thin broad dark pale grey bright narrow heavy faint long short red".split())
        for k, text in enumerate(TEXTS[:2])
    ]
    folder = make_project(tmp_path / "p", embedder="minilm")
    write_rows(folder / "seeds.jsonl", [*read_rows(folder / "seeds.jsonl"), *seeds])
    sheet = folder / "pairs.csv"
    first = cli("--project", folder, "check", "--pairs", sheet, "--json")
    [verdict] = [gate for gate in first.json["gates"] if gate["gate"] == "duplicate.pairs"]
    assert (verdict["status"], "written" in verdict["reason"]) == ("not_enough_data", True)
    with sheet.open(newline="") as file:
        table = list(csv.DictReader(file))
    cosines = [float(row["cosine"]) for row in table]
    assert len(table) >= 20
    assert min(cosines) > 0.8
    assert all(sum(low < c <= low + 0.02 for c in cosines) <= 9 for low in (0.8, 0.84, 0.88, 0.92, 0.96))
    for row in table:
        row["mark"] = "Same " if float(row["cosine"]) > 0.965 else "different"
    with sheet.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    done = cli("--project", folder, "check", "--pairs", sheet, "--json")
    [verdict] = [gate for gate in done.json["gates"] if gate["gate"] == "duplicate.pairs"]
    assert verdict["n"] == len(table)
    assert 0.94 < verdict["figure"] < 0.98
    sheet.write_text(sheet.read_text().replace("different", "no idea", 1))
    wrong = cli("--project", folder, "check", "--pairs", sheet)
    assert (wrong.code, wrong.lines) == (2, 1)
    assert "no idea" in wrong.err


def test_the_lexical_embedders_own_calibration_is_told(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", embedder="lexical")
    done = cli("--project", folder, "check", "--json")
    [verdict] = [gate for gate in done.json["gates"] if gate["gate"] == "duplicate.seeds"]
    assert "0.76 is what 0.92 is for MiniLM" in verdict["reason"]
