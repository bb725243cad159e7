#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""generate.py headers FOLDER       the C++ headers of the tables beside this file, into FOLDER
generate.py documents [--check]  the tables in the documents and the schema of a sample; --check
                                 writes nothing and names those that are stale

Standard library only: the build runs it.
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
HEAD = "// SPDX-License-Identifier: MIT\n// Made from bench/facts/{source} by generate.py.\n#pragma once\n"


def table(name):
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


def _header(source, includes, body):
    lines = [HEAD.format(source=source)]
    lines += [f"#include <{name}>" for name in includes]
    return "\n".join([*lines, "", "namespace facts {", "", *body, "", "} // namespace facts", ""])


def verdicts():
    entries = table("verdicts")
    names = [entry["name"] for entry in entries["verdicts"]]
    body = [
        "/// Gravest first.",
        f"enum class verdict {{ {', '.join(names)} }};",
        "",
        f"enum class verdict_kind {{ {', '.join(entries['kinds'])} }};",
        "",
        "struct verdict_entry {",
        "    std::string_view name;",
        "    verdict_kind kind;",
        "};",
        "",
        "/// In the order of the enumeration.",
        "inline constexpr std::array verdicts{",
        *(
            f'    verdict_entry{{"{entry["name"]}", verdict_kind::{entry["kind"]}}},'
            for entry in entries["verdicts"]
        ),
        "};",
    ]
    return _header("verdicts.json", ["array", "string_view"], body)


def fields():
    entries = table("fields")
    parts = dict.fromkeys(part for f in entries["fields"] for part in f.get("parts", ()))
    names = dict.fromkeys([f["name"] for f in entries["fields"]] + list(parts))
    body = [
        f"inline constexpr int sample_schema = {entries['schema']};",
        "",
        "/// The names of a sample's fields and of what is in its objects.",
        "namespace field {",
        *(f'inline constexpr char const* {name} = "{name}";' for name in names),
        "} // namespace field",
        "",
        "struct field_entry {",
        "    char const* name;",
        "    bool may_be_null;",
        "    bool is_of_engine; ///< a tag that `scripts/switchyard` gives, no matter of the cell",
        "};",
        "",
        "inline constexpr std::array sample_fields{",
        *(
            f"    field_entry{{field::{f['name']}, {str(f.get('null', False)).lower()}, "
            f"{str(f['by'] == 'engine').lower()}}},"
            for f in entries["fields"]
        ),
        "};",
    ]
    return _header("fields.json", ["array"], body)


def metrics():
    body = [
        "/// The names of the metrics.",
        "namespace metric {",
        *(
            f'inline constexpr char const* {m["id"]} = "{m["id"]}"; ///< {m["label"]}'
            for m in table("metrics")["metrics"]
        ),
        "} // namespace metric",
    ]
    return _header("metrics.json", [], body)


def exit_codes():
    codes = table("exit_codes")["codes"]
    body = [
        "namespace exit_code {",
        *(f"inline constexpr int {c['name']} = {c['code']}; ///< {c['meaning']}" for c in codes),
        "} // namespace exit_code",
    ]
    return _header("exit_codes.json", [], body)


HEADERS = {
    "verdicts.hpp": verdicts,
    "fields.hpp": fields,
    "metrics.hpp": metrics,
    "exit_codes.hpp": exit_codes,
}


def write_headers(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in HEADERS.items():
        file, text = folder / name, make()
        # What is the same keeps its time: nothing that includes it is compiled again.
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


ROOT = HERE.parents[1]
JSON_TYPES = {
    "name": {"type": "string", "minLength": 1},
    "text": {"type": "string"},
    "count": {"type": "integer", "minimum": 0},
    "index": {"type": "integer", "minimum": -1},
    "positive": {"type": "integer", "minimum": 1},
    "integer": {"type": "integer"},
    "flag": {"type": "boolean"},
    "share": {"type": "number", "minimum": 0, "maximum": 1},
    "sizes": {"type": "object", "additionalProperties": {"type": "integer"}},
    "cpus": {"type": "array", "items": {"type": "integer", "minimum": 0}},
    "object": {"type": "object"},
}


def _json_type(field):
    if field["type"] == "version":
        return {"const": table("fields")["schema"]}
    if field["type"] == "verdict":
        return {"enum": [entry["name"] for entry in table("verdicts")["verdicts"]]}
    found = dict(JSON_TYPES[field["type"]])
    if field.get("null"):
        found["type"] = [found["type"], "null"]
    return found


def sample_schema():
    fields = table("fields")["fields"]
    measured = {"run_ns": {"type": "integer"}, "units": {"type": "integer"}}
    value = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "one line of samples.jsonl; made from bench/facts by generate.py documents",
        "type": "object",
        "required": [field["name"] for field in fields if field.get("required")],
        "properties": {field["name"]: _json_type(field) for field in fields},
        "if": {"properties": {"verdict": {"const": "ok"}}},
        "then": {"required": list(measured), "properties": measured},
    }
    return json.dumps(value, indent=1) + "\n"


def _rows(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def field_rows():
    words = table("fields")["types"]
    return _rows(
        ["field", "type", "unit", "whose", "by", "meaning"],
        [
            [
                f"`{f['name']}`",
                words[f["type"]] + (" or null" if f.get("null") else ""),
                f.get("unit", ""),
                f["scope"],
                f["by"],
                f["meaning"],
            ]
            for f in table("fields")["fields"]
        ],
    )


def verdict_rows():
    found = table("verdicts")
    return (
        _rows(
            ["verdict", "kind", "meaning"],
            [[f"`{v['name']}`", v["kind"], v["meaning"]] for v in found["verdicts"]],
        )
        + "".join(f"\n{kind}: {words}." for kind, words in found["kinds"].items() if words)
        + "\n"
    )


def exit_rows():
    codes = table("exit_codes")["codes"]
    return _rows(["code", "meaning"], [[str(c["code"]), c["meaning"]] for c in codes])


OF_ITERATIONS = {
    "median": "median of the iterations",
    "maximum": "greatest of the iterations",
    "mean": "mean of the iterations",
    "lower_quartile": "25th percentile of the iterations",
}


def gate_rows():
    rows = []
    for metric in table("metrics")["metrics"]:
        gate = metric.get("gate")
        if not gate:
            continue
        over = gate.get("iterations", metric.get("iterations", "median"))
        words = OF_ITERATIONS.get(over)
        if not words:
            least = round(20 / (1 - metric["quantile"]))
            words = f"of all operations of the slot, from {least:,} on"
        if "absolute" in gate:
            words += f"; differences up to {gate['absolute'] // 1024} KiB are ignored"
        limits = [f"{100 * gate[name]:g} %" for name in ("tolerated", "must_find")]
        if gate["tier"] == "advisory":
            limits = ["shown, never red", ""]
        rows.append([f"`{metric['id']}`", metric["label"], words, *limits])
    header = ["metric", "label", "one value of a process", "tolerated", "must be found"]
    return _rows(header, rows)


TABLES = {
    "results/README.md": {"fields": field_rows, "verdicts": verdict_rows},
    "docs/methodology.md": {"exit codes": exit_rows},
    "docs/check.md": {"gate": gate_rows},
}


def documents():
    """Path and text of each file that has something made from the tables."""
    yield ROOT / "scripts/yard/data/schema/sample.json", sample_schema()
    for name, tables in TABLES.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        for mark, make in tables.items():
            begin, end = f"<!-- facts: {mark} -->\n", "<!-- facts end -->\n"
            start = text.index(begin) + len(begin)
            text = text[:start] + make() + text[text.index(end, start) :]
        yield ROOT / name, text


def write_documents(check):
    stale = [(path, text) for path, text in documents() if path.read_text(encoding="utf-8") != text]
    for path, text in stale:
        if check:
            print(f"{path.relative_to(ROOT)} is stale: run bench/facts/generate.py documents")
        else:
            path.write_text(text, encoding="utf-8")
    return 1 if check and stale else 0


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "headers":
        write_headers(pathlib.Path(arguments[1]))
        return 0
    if arguments[:1] == ["documents"] and arguments[1:] in ([], ["--check"]):
        return write_documents(bool(arguments[1:]))
    print(__doc__.strip(), file=sys.stderr)
    return 64


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
