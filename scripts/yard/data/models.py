# SPDX-License-Identifier: MIT
"""Finds the executables of a build and asks each what it offers."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Collection, Iterator

from yard.data import schema
from yard.errors import UsageError, YardError

REPOSITORY = Path(__file__).resolve().parents[3]
PREFIX = "switchyard-"
RIG = {
    "agent",
    "client",
    "backend",
    "database",
    "calls",
    "pulse",
}  # beside the models, but the harness' own
DESCRIBE_TIMEOUT_S = 20


@dataclass
class Catalogue:
    describe: dict[str, dict[str, Any]] = field(default_factory=dict)
    executables: dict[str, Path] = field(default_factory=dict)
    workloads: dict[str, dict[str, Any]] = field(default_factory=dict)
    not_built: dict[str, dict[str, str]] = field(default_factory=dict)
    unasked: list[str] = field(default_factory=list)  # models that nobody named
    rig: Path | None = None  # the load generator and the backend are here

    def foreign(self, model: str) -> bool:
        """In another language: measured only when it is named, and free to leave workloads out."""
        return bool(self.describe.get(model, {}).get("foreign"))

    def cells(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for model in sorted(self.describe):
            for cell in self.describe[model]["cells"]:
                yield model, cell


def ask(executable: Path) -> dict[str, Any]:
    try:
        answer = subprocess.run(
            [executable, "--describe"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=DESCRIBE_TIMEOUT_S,
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
    if why := schema.violation("describe", value):
        raise YardError(f"{executable} --describe does not obey docs/protocol.md: {why}")
    return value


def _candidates(build: Path) -> dict[Path, str]:
    """Executables that may be models, and the names that their files give them."""
    files = sorted((build / "bin").glob(PREFIX + "*"))
    names = {file: file.name[len(PREFIX) :] for file in files}
    return {
        file: name
        for file, name in names.items()
        if name not in RIG
        and not name.startswith("fixture-")
        and file.is_file()
        and os.access(file, os.X_OK)
    }


def worker_folder(executable: Path) -> Path:
    """Of a model in another language: what `executable` starts (docs/worker-protocol.md)."""
    return executable.parent / "workers" / executable.name[len(PREFIX) :]


def _is_contender(file: Path) -> bool:
    return worker_folder(file).is_dir()


def _asked(candidates: dict[Path, str], named: Collection[str], foreign: bool) -> list[Path]:
    """Those named; where no name is given, or one that no file has, all. Whoever measures contenders alone needs one of
    ours too, which knows the workloads."""
    own = [file for file in candidates if not _is_contender(file)]
    if not named or not set(named) <= set(candidates.values()):
        return list(candidates) if foreign or named else own
    asked = [file for file, name in candidates.items() if name in named or name == "self"]
    return own + asked if all(_is_contender(file) for file in asked) else asked


def discover(
    build: Path,
    named: Collection[str] = (),
    foreign: bool = True,
) -> Catalogue:
    """Every model in `build`/bin, and the ones that could not be built. With `named` only those are asked, so that
    nothing else can be slow or broken; without `foreign` no contender that is not named."""
    found = Catalogue(rig=build / "bin")
    candidates = _candidates(build)
    asked = _asked(candidates, named, foreign)
    found.unasked = sorted(name for file, name in candidates.items() if file not in asked)
    for file in asked:
        try:
            answer = ask(file)
        except YardError as error:
            if not _is_contender(file) or candidates[file] in named:
                raise
            found.not_built[candidates[file]] = {
                "skipped": str(error),
                "install": f"see what is wrong with: {file} --describe",
                "foreign": "yes",
            }
            continue
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
            **({"foreign": "yes"} if text.get("foreign") else {}),
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


def model_sha256(executable: Path) -> str:
    """Of an executable and of all that its worker is made of."""
    folder = worker_folder(executable)
    if not folder.is_dir():
        return sha256(executable)
    digest = hashlib.sha256(sha256(executable).encode())
    for part in sorted(folder.rglob("*")):
        if part.is_file():
            digest.update(f"{part.relative_to(folder)} {sha256(part)}\n".encode())
    return digest.hexdigest()


def sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with open(file, "rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
