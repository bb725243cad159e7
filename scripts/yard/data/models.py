# SPDX-License-Identifier: MIT
"""Finds the executables of a build and asks each what it offers."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Iterator

from yard.data import schema
from yard.errors import UsageError, YardError

REPOSITORY = Path(__file__).resolve().parents[3]
PREFIX = "switchyard-"
RIG = {"client", "backend", "database", "calls"}  # beside the models, but the harness' own
DESCRIBE_TIMEOUT_S = 20


@dataclass
class Catalogue:
    describe: dict[str, dict[str, Any]] = field(default_factory=dict)
    executables: dict[str, Path] = field(default_factory=dict)
    workloads: dict[str, dict[str, Any]] = field(default_factory=dict)
    not_built: dict[str, dict[str, str]] = field(default_factory=dict)
    rig: Path | None = None  # the load generator and the backend are here

    def foreign(self, model: str) -> bool:
        """In another language: measured only when it is named, and free to leave workloads out."""
        return bool(self.describe.get(model, {}).get("foreign"))

    def cells(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for model in sorted(self.describe):
            for cell in self.describe[model]["cells"]:
                yield model, cell


def ask(executable: Path, rig: Path) -> dict[str, Any]:
    try:
        answer = subprocess.run(
            [executable, "--describe"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DESCRIBE_TIMEOUT_S,
            env={**os.environ, "SWITCHYARD_RIG": str(rig)},
        )
    except subprocess.TimeoutExpired:
        raise YardError(
            f"{executable} --describe gave no answer in {DESCRIBE_TIMEOUT_S} s"
        ) from None
    except OSError as error:
        raise YardError(
            f"{executable} cannot be started: {error.strerror}; build it again"
        ) from None
    if answer.returncode != 0:
        last = answer.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise YardError(f"{executable} --describe ended with {answer.returncode}: {' '.join(last)}")
    try:
        value = json.loads(answer.stdout)
    except ValueError as error:
        raise YardError(f"{executable} --describe printed no JSON: {error}") from None
    why = schema.violation("describe", value)
    if why:
        raise YardError(f"{executable} --describe does not obey docs/protocol.md: {why}")
    return value


def discover(build: Path, sources: Path = REPOSITORY) -> Catalogue:
    """Every model below `build`/bin and impl/foreign of `sources`, and the ones that could not be built."""
    rig = build / "bin"
    found = Catalogue(rig=rig)
    files = sorted((build / "bin").glob(PREFIX + "*")) + sorted(
        sources.glob(f"impl/foreign/*/{PREFIX}*")
    )
    for file in files:
        short = file.name[len(PREFIX) :]
        if (
            short in RIG
            or short.startswith("fixture-")
            or not file.is_file()
            or not os.access(file, os.X_OK)
        ):
            continue
        answer = ask(file, rig.resolve())
        model = answer["model"]
        if model in found.executables:
            raise YardError(f"{file} and {found.executables[model]} both call themselves {model}")
        if missing := answer.get("missing"):
            found.not_built[model] = {
                "skipped": missing["skipped"],
                "install": missing.get("install", ""),
                "foreign": "yes",
            }
            continue
        found.describe[model], found.executables[model] = answer, file
        for workload in answer.get("workloads", []):
            known = found.workloads.setdefault(workload["name"], workload)
            if known != workload:
                raise YardError(
                    f"{file} was built from other oracles than the rest: build everything again"
                )
    for note in sorted((build / "models").glob("*.json")):
        text = json.loads(note.read_text(encoding="utf-8"))
        found.not_built[text["model"]] = {
            "skipped": text["skipped"],
            "install": text.get("install", ""),
        }
    if all(found.foreign(model) for model in found.executables):
        raise UsageError(
            f"no model was found in {build / 'bin'}. Build them with: cmake --preset release "
            "&& cmake --build --preset release, or let scripts/bench do it"
        )
    return found


def harness_sha256(repository: Path = REPOSITORY) -> str:
    """Of the sources that every model is measured by. Two runs with different ones measured with different rulers."""
    digest = hashlib.sha256()
    for file in sorted((repository / "bench").rglob("*")):
        if file.suffix in (".cpp", ".hpp", ".txt"):
            digest.update(f"{file.relative_to(repository)} {sha256(file)}\n".encode())
    return digest.hexdigest()


def model_sha256(file: Path) -> str:
    """Of an executable; of a script with all that it is made of."""
    if file.parent.parent.name != "foreign":
        return sha256(file)
    digest = hashlib.sha256()
    for folder in (file.parent, file.parent.parent / "harness"):
        for part in sorted(folder.rglob("*")):
            if part.is_file() and part.suffix != ".pyc":
                digest.update(f"{part.relative_to(file.parent.parent)} {sha256(part)}\n".encode())
    return digest.hexdigest()


def sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with open(file, "rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
