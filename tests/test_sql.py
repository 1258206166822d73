"""SQL: what parses and only reads, what binds, what runs under guard, and whose results are the same."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import cli, read_rows, write_rows
from seedstock.config import load_config
from seedstock.embedders.lexical import Lexical, LexicalSettings
from seedstock.errors import InputError
from seedstock.example import Example, Source
from seedstock.gates.base import Batch, Tools
from seedstock.gates.relevance_sql import SqlGate, SqlSettings
from seedstock.sqlcheck.binding import unbound
from seedstock.sqlcheck.filling import fill, hints_of
from seedstock.sqlcheck.query import BadQuery, parse_query
from seedstock.sqlcheck.running import Failed, run_query, same_rows
from seedstock.sqlcheck.schema import read_schema
from seedstock.tasks.detect import detect_kind, detect_output
from seedstock.tasks.sql import Sql
from seedstock.tasks.sql import SqlSettings as OutputSettings
from seedstock.verdict import Verdict

DATA = Path(os.environ.get("SEEDSTOCK_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
SHOP = """
CREATE TABLE maker (id INTEGER PRIMARY KEY, name TEXT, country TEXT);
CREATE TABLE pump (id INTEGER PRIMARY KEY, name TEXT, price REAL, made DATE, maker_id INTEGER,
  FOREIGN KEY (maker_id) REFERENCES maker(id));
"""
SCHEMA = read_schema(SHOP)


@pytest.fixture
def output(tmp_path: Path) -> Sql:
    (tmp_path / "shop.sql").write_text(SHOP)
    return Sql(OutputSettings(schema="shop.sql"), tmp_path)


def row(output: str, given: str = "a question", id_: str = "r", **meta: Any) -> Example:
    return Example(id_, given, output, meta=meta, source=Source("synthetic"))


def verdict(
    output: Sql, query: str, *, right: str | None = None, seeds: list[Example] | None = None
) -> Verdict:
    tools = Tools(output, Lexical(LexicalSettings(dims=64)), seeds or [])
    example = row(query) if right is None else row(query, gold=right)
    gate = SqlGate(SqlSettings(reference="gold"), tools)
    return gate.check(Batch([example], tools))[0]


# -- the kind of output


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT name FROM pump WHERE price > 3;", None),
        ("WITH p AS (SELECT 1 AS x) SELECT x FROM p -- a comment", None),
        ("SELECT 1 UNION SELECT 2", None),
        ("SELECT name FROM (pump", "not_sql"),
        ("SELECT name FROM pump GROUP BY", "not_sql"),
        ("SELECT 'name FROM pump", "not_sql"),
        ("SELECT 1; SELECT 2", "not_one_statement"),
        ("", "not_one_statement"),
        ("DELETE FROM pump", "not_a_query"),
        ("WITH x AS (SELECT 1) INSERT INTO pump SELECT * FROM x", "not_a_query"),
        ("SELECT * INTO other FROM pump", "not_a_query"),
        ("PRAGMA table_info(pump)", "not_a_query"),
        ("ATTACH 'x.db' AS x", "not_a_query"),
        ("EXPLAIN SELECT 1", "not_a_query"),
        ("```sql\nSELECT 1\n```", "fenced"),
        ("SELECT '\0'", "not_sql"),
        ("SELECT " + "(" * 5000, "too_deep"),
        ("SELECT " + "NOT " * 2000 + "1", "too_deep"),
        ("SELECT " + "1+" * 5_000_000 + "1", "too_long"),
    ],
)
def test_one_query_that_reads(output: Sql, text: str, code: str | None) -> None:
    start = time.perf_counter()
    problem = output.check(text)
    assert time.perf_counter() - start < 2
    assert (problem and problem.code) == code


def test_a_parse_error_names_its_place(output: Sql) -> None:
    problem = output.check("SELECT name\nFROM (pump WHERE")
    assert problem is not None
    assert "line 2" in problem.reason
    assert problem.evidence["line"] == 2


def test_spelling_does_not_make_another_query(output: Sql) -> None:
    same = output.same("SELECT Name FROM Pump WHERE price>3")
    assert output.same("select name\n from pump where PRICE > 3 ; -- so") == same
    assert output.same("SELECT Name FROM Pump WHERE price>4") != same
    assert output.same("no query (") == "no query ("


def test_queries_are_detected() -> None:
    rows = [row(f"SELECT name FROM pump WHERE price > {i}") for i in range(9)]
    assert detect_output(rows) == ("sql", {"dialect": "sqlite"})
    assert detect_kind("sql", rows) == "sql"
    assert detect_output([*rows, row("select the best of them")])[0] == "text"


def test_writing_statements_can_be_declared(tmp_path: Path) -> None:
    writing = Sql(OutputSettings(writes=True), tmp_path)
    assert writing.check("DELETE FROM pump") is None


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"schema": "none.sql"}, "none.sql: cannot be read"),
        ({"schema": "bad.sql"}, "bad.sql: the schema cannot be made"),
        ({"schema": "empty.sql"}, "there is no CREATE TABLE in it"),
        ({"schemas": "bad.sql"}, "bad.sql:1: a line must be"),
        ({"database": "bad.sql"}, "this is no SQLite database"),
        ({"dialect": "klingon"}, "no SQL dialect of that name"),
        ({"schema": "a", "schemas": "b"}, "name neither schema nor database beside it"),
    ],
)
def test_an_unusable_schema_is_one_line(tmp_path: Path, section: dict[str, str], said: str) -> None:
    (tmp_path / "bad.sql").write_text("CREATE TABLE (;")
    (tmp_path / "empty.sql").write_text("-- nothing\n")
    config = {"task": {"kind": "sql", "output": {"sql": section}}, "seeds": "s.jsonl"}
    (tmp_path / "seedstock.yaml").write_text(json.dumps(config))
    with pytest.raises(InputError, match=said):
        load_config(tmp_path / "seedstock.yaml")


def test_ddl_that_does_more_than_declare_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "made.db"
    with pytest.raises(ValueError, match="not authorized"):
        read_schema(f"CREATE TABLE a(b); ATTACH '{target}' AS other;")
    assert not target.exists()


# -- binding and running


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT name FROM pumps", "unknown_table"),
        ("SELECT nmae FROM pump", "unknown_column"),
        ('SELECT "nmae" FROM pump', "text_for_column"),
        ('SELECT name FROM pump WHERE "pric" > 3', "text_for_column"),
        ("SELECT name, count(*) FROM pump", "bare_column"),
        ("SELECT pump.country FROM pump JOIN maker ON pump.maker_id = maker.id", "unknown_column"),
        ("SELECT id FROM pump JOIN maker ON pump.maker_id = maker.id", "not_executable"),
        ("SELECT count(*) FROM pump a, pump b, pump c, pump d, pump e, pump f, pump g", "limit"),
    ],
)
def test_what_cannot_be_right_is_found_without_a_reference(output: Sql, query: str, code: str) -> None:
    found = verdict(output, query)
    assert (found.status, found.code) == ("fail", code)
    assert found.reason


@pytest.mark.parametrize(
    "query",
    [
        'SELECT name FROM pump WHERE name = "axial"',
        "SELECT max(price), name FROM pump",
        "SELECT count(*) AS n FROM pump GROUP BY maker_id ORDER BY n",
        "WITH dear AS (SELECT * FROM pump WHERE price > 9) SELECT d.name FROM dear AS d",
        "SELECT rowid FROM pump",
        "SELECT pump.n FROM (SELECT count(*) AS n FROM pump) AS pump",
        "SELECT name, (SELECT count(*) FROM maker) FROM pump",
        "SELECT country, count(*) OVER () FROM maker",
    ],
)
def test_what_sqlite_documents_passes_with_a_warning(output: Sql, query: str) -> None:
    found = verdict(output, query)
    assert (found.status, found.code) == ("warn", "runs"), found.reason


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("SELECT p.name FROM pump p WHERE p.price > 50.0", "pass", "same_result"),
        ("SELECT name FROM pump WHERE price >= 50", "fail", "other_result"),
        ("SELECT name FROM pump", "fail", "other_result"),
        ("SELECT name, price FROM pump WHERE price > 50", "fail", "other_result"),
        ("SELECT DISTINCT name FROM pump WHERE price > 50", "fail", "other_result"),
    ],
)
def test_results_are_compared_with_a_reference(output: Sql, query: str, status: str, code: str) -> None:
    found = verdict(output, query, right="SELECT name FROM pump WHERE price > 50")
    assert (found.status, found.code) == (status, code)
    if status == "fail":
        assert found.evidence["rows"] or found.evidence["right"]
        assert found.figure is not None
        assert found.threshold == 5 > found.figure
    json.dumps(found.to_json())


def test_a_seed_of_the_same_input_is_a_reference(output: Sql) -> None:
    seed = Example("s1", "A question", "SELECT name FROM maker")
    assert verdict(output, "SELECT name FROM pump", seeds=[seed]).code == "other_result"
    assert verdict(output, "SELECT m.name FROM maker AS m", seeds=[seed]).evidence["reference"] == "seed s1"


def test_columns_may_stand_in_another_order_but_one(output: Sql) -> None:
    right = "SELECT name, country FROM maker"
    assert verdict(output, "SELECT country, name FROM maker", right=right).status == "pass"
    assert not same_rows([([(1, 2), (3, 4)], [(2, 1), (3, 4)])], ordered=False)


def test_many_columns_take_no_time() -> None:
    start = time.perf_counter()
    wide = [tuple(range(2_000))]
    assert same_rows([(wide, wide)], ordered=False)
    assert not same_rows([([(1, 1, 2) * 9], [(1, 2, 2) * 9])], ordered=False)
    assert same_rows([([(1, 1, 2) * 9], [(2, 1, 1) * 9])], ordered=False)
    assert time.perf_counter() - start < 1


def test_order_counts_where_it_is_asked_for(output: Sql) -> None:
    right = "SELECT id FROM pump ORDER BY id DESC"
    assert verdict(output, "SELECT id FROM pump ORDER BY id", right=right).code == "other_result"
    assert verdict(output, "SELECT id FROM pump ORDER BY id", right="SELECT id FROM pump").status == "pass"


def test_what_shows_nothing_is_a_warning(output: Sql) -> None:
    nothing = "SELECT name FROM pump WHERE 1 = 2"
    assert verdict(output, "SELECT name FROM maker WHERE 1 = 2", right=nothing).code == "always_empty"
    assert verdict(output, "SELECT name FROM pump", right="SELECT nmae FROM pump").code == "bad_reference"
    clock = "SELECT name FROM pump WHERE made < date('now')"
    assert verdict(output, clock, right=clock).code == "not_repeatable"


def test_without_a_schema_nothing_is_claimed(tmp_path: Path) -> None:
    output = Sql(OutputSettings(), tmp_path)
    assert verdict(output, "SELECT name FROM pump").status == "skipped"
    assert verdict(output, "SELECT name FROM (").status == "fail"


def test_a_row_names_its_database_or_its_parent_does(tmp_path: Path) -> None:
    rows = [{"db_id": "shop", "ddl": SHOP}, {"db_id": "zoo", "ddl": "CREATE TABLE animal (name TEXT)"}]
    write_rows(tmp_path / "schemas.jsonl", rows)
    output = Sql(OutputSettings(schemas="schemas.jsonl"), tmp_path)
    seed = Example("s1", "x", "SELECT name FROM animal", meta={"db_id": "zoo"})
    tools = Tools(output, Lexical(LexicalSettings(dims=64)), [seed])
    asked = [
        row("SELECT name FROM animal", "one", db_id="zoo"),
        row("SELECT name FROM animal", "two", db_id="shop"),
        row("SELECT name FROM animal", "three", db_id="moon"),
        Example("c", "four", "SELECT name FROM animal", source=Source("synthetic", parents=("s1",))),
    ]
    found = SqlGate(SqlSettings(), tools).check(Batch(asked, tools))
    assert [v.code for v in found] == ["runs", "unknown_table", "no_schema", "runs"]


def test_a_real_database_is_read_and_never_written(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as made:
        made.executescript(SHOP + "INSERT INTO maker VALUES (1, 'Ada', 'NO');")
    before = path.read_bytes()
    output = Sql(OutputSettings(database="shop.db"), tmp_path)
    assert verdict(output, "SELECT name FROM maker", right="SELECT name FROM maker").figure == 6
    assert verdict(output, "SELECT nmae FROM maker").code == "unknown_column"
    (tmp_path / "shop.sql").write_text(SHOP)
    both = Sql(OutputSettings(schema="shop.sql", database="shop.db"), tmp_path)
    assert verdict(both, "SELECT name FROM maker", right="SELECT name FROM maker").figure == 6
    assert path.read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["shop.db", "shop.sql"]


def test_another_dialect_is_translated(tmp_path: Path) -> None:
    (tmp_path / "shop.sql").write_text(
        "CREATE TABLE pump (id SERIAL PRIMARY KEY, name VARCHAR(20), made DATE)"
    )
    output = Sql(OutputSettings(schema="shop.sql", dialect="postgres"), tmp_path)
    query = "SELECT name FROM pump WHERE name ILIKE '%a%'"
    assert verdict(output, query, right="SELECT name FROM pump WHERE name LIKE '%a%'").status == "pass"
    assert verdict(output, "SELECT nmae FROM pump").code == "unknown_column"
    assert verdict(output, "SELECT p.nmae FROM pump AS p").code == "unknown_column"


# -- the guard

ATTACKS = [
    "ATTACH DATABASE '{}' AS x", "PRAGMA query_only = OFF", "SELECT * FROM pragma_database_list",
    "SELECT load_extension('{}')", "SELECT writefile('{}', 'a')", "SELECT readfile('/etc/passwd')",
    "INSERT INTO maker VALUES (99, 'x', 'y')", "UPDATE maker SET name = 'x'", "DELETE FROM maker",
    "DROP TABLE maker", "CREATE TABLE z (a)", "CREATE TEMP TABLE z (a)", "VACUUM INTO '{}'", "BEGIN",
    "SELECT randomblob(1000000000)", "SELECT zeroblob(1000000000)", "SELECT hex(zeroblob(500000000))",
    "SELECT printf('%.*c', 1000000000, 'a')", "SELECT \"printf\"('%1000000000d', 1)",
    "SELECT format/**/('%.*c', 1000000000, 'a')",
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
    "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT * FROM c ORDER BY x",
    "WITH RECURSIVE c(x) AS (SELECT 'aaaaaaaaaa' UNION ALL SELECT x || x FROM c) SELECT * FROM c",
    "SELECT count(*) FROM pump a, pump b, pump c, pump d, pump e, pump f, pump g, pump h",
    "SELECT a.* FROM pump a, pump b, pump c, pump d, pump e, pump f, pump g, pump h",
    "SELECT group_concat(a.name || b.name) FROM pump a, pump b, pump c, pump d",
    "SELECT 1; DROP TABLE maker", "SELECT '\0'", "SELECT \ud800", "SELECT CAST(x'ff' AS TEXT)",
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_query_writes_attaches_or_runs_on(tmp_path: Path, attack: str) -> None:
    target = tmp_path / "made"
    with closing(fill(SCHEMA, {}, 0)) as database:
        before = list(database.iterdump())
        start = time.perf_counter()
        found = run_query(database, attack.format(target))
        assert time.perf_counter() - start < 2
        assert isinstance(found, Failed)
        assert list(database.iterdump()) == before
    assert list(tmp_path.iterdir()) == []


def test_narrow_formats_are_harmless() -> None:
    with closing(fill(SCHEMA, {}, 0)) as database:
        assert run_query(database, "SELECT printf('%.2f %d%%', 1.5, 3)") == [("1.50 3%",)]


# -- the random databases


def test_fills_are_repeatable_and_hold_what_is_looked_for() -> None:
    query = parse_query(
        "SELECT * FROM pump JOIN maker ON maker_id = maker.id WHERE country = 'Norway'", "sqlite"
    )
    hints = hints_of([query])
    dumps, found = [], 0
    for seed in (0, 1, 2):
        with closing(fill(SCHEMA, hints, seed)) as one, closing(fill(SCHEMA, hints, seed)) as two:
            dumps.append("\n".join(one.iterdump()))
            assert dumps[-1] == "\n".join(two.iterdump())
            assert one.execute("PRAGMA foreign_key_check").fetchall() == []
            found += len(run_query(one, query.text))  # type: ignore[arg-type]
    assert len(set(dumps)) == 3
    assert found > 5


def test_what_a_schema_may_hold_beside_tables() -> None:
    schema = read_schema(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, n INT, twice INT AS (n * 2)) STRICT;"
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a REFERENCES a);"
        "CREATE VIEW big AS SELECT id, n FROM a WHERE n > 3;"
    )
    query = parse_query(
        "SELECT twice FROM a JOIN big ON big.id = a.id WHERE a.id = 'x' OR a.n = 1e999", "sqlite"
    )
    assert unbound(query, schema) is None
    with closing(fill(schema, hints_of([query]), 0)) as made:
        assert run_query(made, "SELECT count(*) > 3 FROM a") == [(1,)]
        assert made.execute("PRAGMA foreign_key_check").fetchall() == []
    assert unbound(parse_query("SELECT twice FROM big JOIN none ON 1", "sqlite"), schema) is not None


def test_literals_that_stand_in_the_question_are_its_values(output: Sql) -> None:
    query = "SELECT count(*) FROM pump WHERE name = 'axial' AND price > 30 AND id < 7"
    assert output.spans(query, "How many axial pumps cost over 30?") == {"axial", "30"}


def test_a_circle_of_foreign_keys_can_be_filled() -> None:
    schema = read_schema(
        "CREATE TABLE a (id INT PRIMARY KEY, b INT REFERENCES b(id));"
        "CREATE TABLE b (id INT PRIMARY KEY, a INT REFERENCES a(id), self INT REFERENCES b);"
    )
    with closing(fill(schema, {}, 0)) as made:
        assert all(made.execute(f"SELECT count(*) FROM {name}").fetchone()[0] > 2 for name in "ab")


@given(
    st.text(max_size=60)
    | st.sampled_from(["SELECT ", "WITH "]).flatmap(lambda s: st.text(max_size=40).map(s.__add__))
)
@settings(max_examples=60, deadline=None)
def test_any_text_gets_a_verdict(text: str) -> None:
    try:
        query = parse_query(text, "sqlite")
    except BadQuery:
        return
    with closing(fill(SCHEMA, hints_of([query]), 0)) as made:
        run_query(made, query.text)


def test_an_audit_with_a_schema_says_what_is_wrong_with_each_query(tmp_path: Path) -> None:
    (tmp_path / "shop.sql").write_text(SHOP)
    names = "amber birch cedar delta ember fjord grove haven iris jade".split()
    seeds = [
        {"input": f"Which {n} pumps are there?", "output": f"SELECT id FROM pump WHERE name = '{n}'"}
        for n in names
    ]
    write_rows(tmp_path / "seeds.jsonl", seeds)
    config = {
        "task": {"kind": "sql", "output": {"sql": {"schema": "shop.sql"}}}, "seeds": "seeds.jsonl",
        "embedder": "lexical",
    }  # fmt: skip
    (tmp_path / "seedstock.yaml").write_text(json.dumps(config))
    rows = [
        {"id": "good", "input": "How many makers are in each country?",
         "output": "SELECT country, count(*) FROM maker GROUP BY country"},
        {"id": "bad", "input": "What does the dearest pump cost?", "output": "SELECT max(cost) FROM pump"},
    ]  # fmt: skip
    made = write_rows(tmp_path / "made.jsonl", rows)
    out = tmp_path / "out"
    done = cli("audit", made, "--config", tmp_path / "seedstock.yaml", "--out", out, "--json")
    assert [r["id"] for r in read_rows(out / "kept.jsonl")] == ["good"], done.err
    rejected = read_rows(out / "rejected.jsonl")[0]
    assert (rejected["gate"], rejected["code"]) == ("relevance.sql", "unknown_column")
    assert "cost" in rejected["reason"]


@pytest.mark.skipif(not (DATA / "spider_sql").exists(), reason="no recorded queries")
def test_recorded_queries_are_told_apart() -> None:
    folder = DATA / "spider_sql"
    key = {k["id"]: k for k in read_rows(folder / "synthetic_sql_key.jsonl")}
    asked = [
        row(r["output"], r["input"], r["id"], db_id=r["db_id"], gold=key[r["id"]]["gold_sql"])
        for r in read_rows(folder / "synthetic_sql.jsonl")[::40]
    ]
    tools = Tools(Sql(OutputSettings(schemas="schemas.jsonl"), folder), Lexical(LexicalSettings(dims=64)))
    alone = SqlGate(SqlSettings(), tools).check(Batch(asked, tools))
    assert not any(v.status == "fail" and key[r.id]["fuzz_equal"] for r, v in zip(asked, alone, strict=True))
    assert all(v.status == "fail" for r, v in zip(asked, alone, strict=True) if not key[r.id]["executes"])
    beside = SqlGate(SqlSettings(reference="gold"), tools).check(Batch(asked, tools))
    wrong = [v.status == "fail" for r, v in zip(asked, beside, strict=True) if not key[r.id]["fuzz_equal"]]
    assert len(wrong) > 15
    assert sum(wrong) / len(wrong) >= 0.95
