#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lets hostile peers (`peers`), more peers than it has descriptors for (`crowd`), streams that
never end (`greedy`) or the load generator wrk (`wrk`) at each server of a model, echo, delay,
gateway, mixed and HTTP as it fits. The server must serve a good client meanwhile, leave no descriptor
open, and end in order."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
SERVERS = {
    "peers": ("delay", "echo", "gateway", "http", "mixed"),
    "crowd": ("delay", "echo", "gateway", "http", "mixed"),
    "greedy": ("echo", "pump"),
    "wrk": ("http",),
}
# The message of hostile_client.py, and both ways to compute.
SETTINGS = {
    "delay": [["message_bytes=64"]],
    "gateway": [["backends=3", "answer_bytes=64", "slow_every=8"]],
    "mixed": [["message_bytes=64", f"offload={offload}"] for offload in (0, 1)],
}


def fault(executable, mode, cell, settings, folder):
    """A complaint, or None."""
    name = cell["workload"] + ("/" + cell["variant"] if cell["variant"] else "")
    samples, result = folder / "samples.jsonl", folder / "result.json"
    for old in (samples, result):
        old.unlink(missing_ok=True)
    subprocess.run(
        [
            executable,
            "--cell",
            name,
            "--preset",
            "smoke",
            "--point",
            "0",
            "--set",
            "connections=16",
            "--set",
            "messages=200",
            *(
                ["--workers", "1"] if mode == "greedy" else []
            ),  # the model, not the kernel, decides who is next
            *(word for setting in settings for word in ("--set", setting)),
            "--iterations",
            "1",
            "--warm-up",
            "0",
            "--samples",
            samples,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=120,
        check=False,
        env={
            **os.environ,
            "FAULT_MODE": mode,
            "FAULT_RESULT": str(result),
            "FAULT_VARIANT": cell["variant"],
            "FAULT_ALLOWANCE": cell["allowance"],
        },
    )
    lines = (
        [json.loads(line) for line in samples.read_text().splitlines()] if samples.exists() else []
    )
    said = [(line["verdict"], line["reason"]) for line in lines]
    if said and said[0][0] == "skipped":
        print(name, said, flush=True)
        return None
    seen = (
        json.loads(result.read_text())
        if result.exists()
        else {"wrong": ["no peer ran"], "opened": None}
    )
    print(name, *settings, said, seen, flush=True)
    if seen["wrong"]:
        return f"{name}: {seen['wrong']}"
    # The model counted every peer; that these are not the connections of the params is why it is `wrong`.
    if len(said) != 1 or said[0][0] != "wrong" or not said[0][1].startswith("the model accepted "):
        return f"{name}: {said}"
    if seen["opened"] is not None and f"accepted {seen['opened']} connections" not in said[0][1]:
        return f"{name}: {said}, but {seen['opened']} peers connected"
    return None


def main():
    source, mode = pathlib.Path(sys.argv[1]), sys.argv[2]
    if mode == "wrk" and not shutil.which("wrk"):
        print("skipped: no wrk; apt-get install wrk")
        return SKIPPED
    cells = json.loads(
        subprocess.run([source, "--describe"], capture_output=True, check=True).stdout
    )["cells"]
    with tempfile.TemporaryDirectory(prefix="switchyard-") as name:
        folder = pathlib.Path(name)
        executable = shutil.copy(source, folder)
        if (
            workers := source.resolve().parent / "workers"
        ).is_dir():  # of models in other languages
            (folder / "workers").symlink_to(workers)
        for helper in source.resolve().parent.glob("switchyard-backend"):
            (folder / helper.name).symlink_to(helper)
        client = folder / "switchyard-client"
        here = pathlib.Path(__file__).resolve().parent / (
            "greedy_client.py" if mode == "greedy" else "hostile_client.py"
        )
        client.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{here}" "$@"\n')
        client.chmod(0o755)
        faults = [
            fault(executable, mode, cell, settings, folder)
            for cell in cells
            if cell["workload"] in SERVERS[mode] and not cell["declined"]
            for settings in SETTINGS.get(cell["workload"], [[]])
        ]
    if not faults:
        print("skipped: no such server")
        return SKIPPED
    for text in filter(None, faults):
        print("FAULT", text)
    return 1 if any(faults) else 0


sys.exit(main())
