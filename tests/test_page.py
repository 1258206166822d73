"""Pages and cards: whatever stands in a row is shown, and nothing of it works."""

from __future__ import annotations

import html
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedstock.example import Example
from seedstock.exporters.messages import Messages
from seedstock.mixing import Mix
from seedstock.records import Waiver
from seedstock.reporting.card import inline, render_card
from seedstock.reporting.funnel import Step, funnel_svg
from seedstock.reporting.page import Page, Rejected, printable, render
from seedstock.verdict import Verdict

HOSTILE = [
    "<script>document.title='pwned'</script>", "<img src=x onerror=\"document.title='pwned'\">",
    "\"><svg onload=document.title='pwned'>", "' autofocus onfocus='document.title=1",
    "</pre></article><h1>ours</h1>",
    "</title><script>document.title='pwned'</script>", "{{ 7 * 7 }}{% raw %}", "&lt;b&gt;", "<!--", "]]>",
    "javascript:alert(1)", "\u202etxt.exe", "\u2066\u2069\u200f", "a\x00b\x1b[31m", "\ud800",
    "<a href='//evil.example'>",
]  # fmt: skip


def page(text: str) -> Page:
    """A page with `text` in every place that a row, a file or a person can fill."""
    verdict = Verdict("duplicate", "fail", "near", text, 0.95, 0.92, {"neighbour": text}, n=3)
    return Page(
        title=text, verdict="warn", steps=[Step(text, 5, text), Step(text, -2, text)], gates=[verdict],
        rejected=[Rejected(text, verdict, text, text)], notes=[text], facts=[(text, text)],
        waivers=[Waiver("share", text, text, "2026-01-01T00:00:00Z")],
    )  # fmt: skip


EMPTY = render(page(""))
TAGS = re.compile(r"<[^>]*>")


def shown(rendered: str) -> str:
    return html.unescape(TAGS.sub("", rendered))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text(text: str) -> None:
    rendered = render(page(text))
    assert TAGS.findall(rendered) == TAGS.findall(EMPTY)
    assert shown(rendered).count(printable(text)) >= 9
    rendered.encode()


@given(st.text(st.characters(), max_size=30))
def test_any_text_leaves_the_markup_as_it_is(text: str) -> None:
    rendered = render(page(text))
    assert TAGS.findall(rendered) == TAGS.findall(EMPTY)
    assert all(c.isprintable() or c in "\n\t" for c in rendered)


def test_nothing_is_asked_for_from_outside() -> None:
    rendered = render(page("text"))
    assert "default-src 'none'" in rendered
    assert not re.search(r"<(script|link|iframe|img|object|base)\b", rendered)
    assert not re.search(r"\b(src|href)\s*=", rendered)


def test_what_changes_direction_is_made_visible() -> None:
    assert printable("a\u202eb\x00\n\tc\ud800") == "a\\u202eb\\u0000\n\tc\\ud800"
    rendered = render(page("abc\u202edef"))
    assert "\u202e" not in rendered
    assert "abc\\u202edef" in rendered


def test_figures_and_verdicts_are_on_the_page() -> None:
    text = shown(render(page("the words")))
    for part in ("the words", "duplicate: near", "0.95", "0.92", "waived by"):
        assert part in text


CHROMIUM = "/usr/bin/chromium"


def title_in_browser(content: str, folder: Path) -> tuple[str, str]:
    """The title that Chromium ends with, and the document it made of `content`."""
    path = folder / "page.html"
    path.write_text(content, encoding="utf-8")
    done = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/p",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--no-first-run",
            "--dump-dom", path.as_uri(),
        ],
        capture_output=True, text=True, timeout=240, check=True,
    )  # fmt: skip
    found = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert found is not None
    return html.unescape(found[1]), done.stdout


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason=f"{CHROMIUM} is not here")
def test_nothing_runs_in_a_browser(tmp_path: Path) -> None:
    planted = " ".join(HOSTILE[:6])
    # The plant works where nobody escapes it ...
    assert title_in_browser(f"<title>mine</title><body>{planted}", tmp_path)[0] == "pwned"
    # ... and not here, neither with the policy of the page nor without it.
    rendered = render(page(planted))
    policy = re.search(r"<meta http-equiv=[^>]*>", rendered)
    assert policy is not None
    for content in (rendered, rendered.replace(policy[0], "")):
        title, document = title_in_browser(content, tmp_path)
        assert title == planted
        assert "<script" not in document
        assert "<img" not in document
        assert document.count("<svg") == 1


# -- the funnel


def test_bars_hang_where_rows_were_lost() -> None:
    svg = funnel_svg([Step("read", 100), Step("format", -40), Step("duplicate", -10), Step("kept", 50)])
    found = re.findall(r'<rect x="([\d.]+)"[^>]*width="([\d.]+)"[^>]*fill="#[2c]', svg)
    bars = [(float(x), float(w)) for x, w in found]
    assert len(bars) == 4
    (start, whole), (left_1, lost_1), (left_2, lost_2), (again, kept) = bars
    assert start == again
    assert lost_1 == pytest.approx(0.4 * whole, abs=0.2)
    assert left_1 + lost_1 == pytest.approx(start + whole, abs=0.2)
    assert left_2 + lost_2 == pytest.approx(left_1, abs=0.2)
    assert kept == pytest.approx(0.5 * whole, abs=0.2)


def test_a_funnel_of_nothing() -> None:
    assert "<svg" in funnel_svg([])
    assert funnel_svg([Step("read", 0), Step("kept", 0)]).count("<rect") == 4


# -- the card


def card(text: str) -> str:
    return render_card(page(text), [Messages()], Mix((Example("a", "in", "out"),), (), 1, 0))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_card_holds_no_markup_of_others(text: str) -> None:
    rendered = card(text)
    body = rendered.split("---\n", 2)[2]
    assert not re.search(r"(?<!\\)[<>]", body)
    assert body.count("\n## ") == 3  # Gates, Waivers, Files
    rendered.encode()


@given(st.text(st.characters(), max_size=30))
def test_a_line_of_a_card_stays_one_and_means_what_it_says(text: str) -> None:
    line = inline(text)
    assert "\n" not in line
    for mark in "`*_[]<>|#~&":
        assert not re.search(rf"(?<!\\)(?:\\\\)*{re.escape(mark)}", line.replace("\\" + mark, ""))
    assert re.sub(r"\\([\\`*_\[\]<>|#~&])", r"\1", line) == " ".join(printable(text).split())


def test_a_table_row_keeps_its_columns() -> None:
    rows = [line for line in card("a | b\n| c").splitlines() if line.startswith("| duplicate")]
    assert len(rows) == 1
    assert len(re.findall(r"(?<!\\)\|", rows[0])) == 7
