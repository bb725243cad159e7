# SPDX-License-Identifier: MIT
"""What others wrote is data: names in every output, and the tree of a head that nobody trusts."""

import html.parser
import io
import json
import subprocess
import xml.etree.ElementTree as xml

import pytest
from rich.console import Console

from yard.data import schema
from yard.errors import YardError
from yard.gate import comment, google_benchmark, junit, outputs, result, rule, sequential, terminal
from yard.gate import check_page, unpack
from yard.gate.absence import Absent
from yard.gate.found import Found
from yard.gate.reading import Reading
from yard.text.outside import readable

NAMES = [
    "plain",
    "BM_buf<unsigned int, 64>/-1",
    "sort[int]",
    "x[/b][red]",
    "esc\x1b[31mRED\x1b]0;title\x07",
    "a|b`c``d`<script>alert(1)</script>",
    "]]>&<x/>\" onload='x'",
    "![i](http://example.org/x.png) @everyone #1 www.example.org </details>",
    "\u202eright to left",
    "bytes \udcff\udcfe",
    "gr\u00fc\u00dfe \u6f22",
    "two\nlines\r\0",
    "\ufffe no character",
]


@pytest.fixture
def document():
    class Source:
        count = 0

        def scenarios(self):
            return [readable(name) for name in NAMES]

        def pair(self, scenario):
            self.count += 1
            return {readable(scenario): 0.3 + 1e-4 * (self.count % 7)}

    metrics = {readable(name): rule.Metric(readable(name), "gating", 0.02, 0.05) for name in NAMES}
    outcome = sequential.run(Source(), rule.PROFILES["quick"], 1, metrics=metrics)
    outcome.absent = [Absent(name, name, red, name) for name in NAMES for red in (True, False)]
    labels = {"base": NAMES[5], "head": NAMES[4]}
    found = Found(outcome, labels, not_compared={n: n for n in NAMES}, notes=NAMES)
    return result.make(found, 1, ["check", *NAMES], ["check", *NAMES])


def has_nothing_hidden(text):
    return all(c == "\n" or readable(c) == c for c in text)


def test_terminal_and_json(document):
    out = io.StringIO()
    terminal.show(document, True, Console(file=out, width=4000, no_color=True, highlight=False))
    assert has_nothing_hidden(out.getvalue()) and "sort[int]" in out.getvalue()
    out.getvalue().encode()
    assert schema.violation("check", document) == "" and json.loads(json.dumps(document))


def test_markdown_has_no_markup_of_others(document):
    text = comment.render(document)
    outside, fenced = "", ""
    for line in text.splitlines():
        fenced = ("" if line == fenced else fenced) if fenced else line if line[:3] == "```" else ""
        outside += "" if fenced else line + "\n"
    assert has_nothing_hidden(outside.replace("\N{WORD JOINER}", ""))
    assert "<script" not in outside and "http://" not in outside and "<x" not in outside
    assert " @everyone" not in outside.replace("</code>", "") or "<code>" in outside
    assert outside.count("</details>") == 1


class Page(html.parser.HTMLParser):
    tags: set = set()

    def handle_starttag(self, tag, attributes):
        self.tags = self.tags | {tag}
        assert not any(name.startswith("on") or name == "src" for name, _ in attributes)


def test_the_page_has_no_markup_of_others(document):
    page = Page()
    text = check_page.render(document)
    page.feed(text)
    assert has_nothing_hidden(text) and "sort[int]" in text
    assert page.tags <= set(
        "html head meta title style body h1 h2 p table tr th td code ul li pre".split()
    )


def test_junit_can_be_read(document):
    text = junit.render(document)
    names = {case.get("classname") for case in xml.fromstring(text).iter("testcase")}
    assert {readable(name) for name in NAMES} <= names
    strict = {"testsuite": "name timestamp hostname tests failures errors time package id".split()}
    strict |= {"testcase": ["name", "classname", "time"], "failure": ["type"], "error": ["type"]}
    for element in xml.fromstring(text).iter():
        assert all(element.get(name) for name in strict.get(element.tag, ())), element.attrib
    suite = xml.fromstring(text)[0]
    assert [suite[0].tag, suite[-2].tag, suite[-1].tag] == [
        "properties",
        "system-out",
        "system-err",
    ]
    assert len(suite.get("timestamp")) == 19


def test_all_files_are_written(document, tmp_path):
    outputs.write(document, tmp_path, with_plots=False)
    assert {file.name for file in tmp_path.iterdir()} == {
        "check.json",
        "check.md",
        "check.html",
        "junit.xml",
        "verdict.json",
    }


@pytest.mark.parametrize("name", [n for n in NAMES if "\n" not in n])
def test_a_filter_matches_its_name_as_posix_says(name):
    pattern = google_benchmark.exactly(name)
    body = pattern[1:-1]
    assert body.replace("\\\\", "").count("\\") == sum(body.count(f"\\{c}") for c in "^.[$()|*+?{")
    again = google_benchmark.listed(f"own\n{name}\n{name}\n", lambda: "own\n")
    assert list(again.values()) == [name, name] and list(again)[1] == f"{readable(name)}#2"


def test_a_reading_names_what_cannot_be_shown():
    reading = Reading()
    reading.number("a\x1b", "t\udcff", 1.5)
    assert reading.values == {"a\\x1b": {"t\\xff": 1.5}}


def git(folder, *words):
    user = ("-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *user, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "d").mkdir()
    (folder / "d" / "a b.txt").write_bytes(b"$Format:%H$ $Id$\r\n")
    (folder / "d" / "run").write_text("x")
    (folder / "d" / "run").chmod(0o755)
    (folder / "d" / ".gitattributes").write_text(
        "* filter=evil export-subst ident eol=lf\nrun export-ignore\n"
    )
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "x")
    git(folder, "config", "filter.evil.smudge", f"touch {tmp_path}/executed; cat")
    return folder


def test_a_tree_is_unpacked_byte_for_byte_and_runs_nothing(repository, tmp_path):
    unpack.write(repository, git(repository, "rev-parse", "HEAD:d"), tmp_path / "out")
    stored = subprocess.run(
        ["git", "cat-file", "blob", "HEAD:d/a b.txt"], cwd=repository, capture_output=True
    )
    assert (tmp_path / "out" / "a b.txt").read_bytes() == stored.stdout
    assert (tmp_path / "out" / "run").stat().st_mode & 0o111
    assert not (tmp_path / "executed").exists()


def test_a_link_does_not_lead_out_of_the_tree(repository, tmp_path):
    link = git(repository, "hash-object", "-w", "-t", "blob", "d/run")
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    (repository / "target").write_text(str(outside))
    pointed = git(repository, "hash-object", "-w", "target")
    sub = subprocess.run(
        ["git", "mktree"],
        cwd=repository,
        text=True,
        capture_output=True,
        input=f"100644 blob {link}\tf\n",
    ).stdout.strip()
    # A tree with a link and a folder of one name, as no honest git makes it.
    made = subprocess.run(
        ["git", "mktree"],
        cwd=repository,
        text=True,
        capture_output=True,
        input=f"120000 blob {pointed}\td\n040000 tree {sub}\td\n",
    ).stdout.strip()
    with pytest.raises(YardError, match="outside of"):
        unpack.write(repository, made, tmp_path / "out")
    assert not list(outside.iterdir())
