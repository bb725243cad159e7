# SPDX-License-Identifier: MIT
"""The load generator and the backend of the C++ build: programs of the harness, pinned to the CPUs of the rig."""

import ctypes
import json
import os
import signal
import socket
import subprocess
from pathlib import Path

_prctl = ctypes.CDLL(None).prctl


class HarnessError(Exception):
    """Nothing is known of the model. Exit code 4."""


def folder():
    """Of the load generator, the backend and a model that knows the sizes."""
    return Path(os.environ.get("SWITCHYARD_RIG") or Path(__file__).parents[3] / "build/release/bin")


def prepare(cpus, own_group=False):
    """For preexec_fn: pinned, and dead when the driver is."""

    def run():
        _prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        os.sched_setaffinity(0, cpus)
        if own_group:
            os.setpgid(0, 0)

    return run


def listener():
    made = socket.create_server(("127.0.0.1", 0), backlog=65535)
    made.setblocking(False)
    return made


class Program:
    def __init__(self, file, arguments, cpus, descriptors):
        self.report = os.memfd_create("switchyard-report")
        if not file.exists():
            raise HarnessError(
                f"{file} is not there: build it, or name its folder in SWITCHYARD_RIG"
            )
        self.process = subprocess.Popen(
            [file, *map(str, arguments), "--report-fd", str(self.report)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(*descriptors, self.report),
            preexec_fn=prepare(cpus),
        )

    def finish(self, timeout_s):
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            code = "a timeout"
        text = os.pread(self.report, os.fstat(self.report).st_size, 0)
        self.close()
        try:
            return json.loads(text)
        except ValueError:
            raise HarnessError(
                f"{self.process.args[0]} ended with {code} and without a report"
            ) from None

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.report is not None:
            os.close(self.report)
            self.report = None


class Client(Program):
    """Connects on go(); the server's stop pipe ends with it."""

    def __init__(self, where, params, worker_pid, listening):
        stop_read, stop_write = os.pipe()
        go_read, self.go_write = os.pipe()
        warm = where.warm_up * max(params["connections"], params["messages"] // 10)
        arguments = [
            where.workload,
            "--port",
            listening.getsockname()[1],
            "--server-pid",
            worker_pid,
            "--warm-up",
            warm,
            "--seed",
            where.seed,
            "--go-fd",
            go_read,
            "--stop-fd",
            stop_write,
            "--timeout",
            max(1, int(where.timeout_s * 0.9)),
        ]
        for field in ("connections", "messages", "message_bytes", "pipeline", "body_bytes"):
            if field in params:
                arguments += ["--" + field.replace("_", "-"), params[field]]
        if params["rate_per_s"]:
            arguments += ["--rate-per-s", params["rate_per_s"]]
            for field in ("surge_percent", "burst"):
                if field in params:
                    arguments += ["--" + field.replace("_", "-"), params[field]]
        if params["poisson"]:
            arguments.append("--poisson")
        super().__init__(
            where.rig / "switchyard-client", arguments, where.client_cpus, (go_read, stop_write)
        )
        os.close(go_read)
        os.close(stop_write)
        self.stop_fd = stop_read

    def go(self):
        os.write(self.go_write, b"g")

    def close(self):
        super().close()
        for name in ("stop_fd", "go_write"):
            if (fd := getattr(self, name, None)) is not None:
                os.close(fd)
                setattr(self, name, None)


class Backend(Program):
    def __init__(self, where, params):
        listening, (stop_read, self.stop_write) = listener(), os.pipe()
        self.port = listening.getsockname()[1]
        super().__init__(
            where.rig / "switchyard-backend",
            [
                "fetch",
                "--delay-us",
                params["delay_us"],
                "--response-bytes",
                params["response_bytes"],
                "--seed",
                where.seed,
                "--listen-fd",
                listening.fileno(),
                "--stop-fd",
                stop_read,
            ],
            where.client_cpus,
            (listening.fileno(), stop_read),
        )
        listening.close()
        os.close(stop_read)

    def stop(self):
        if self.stop_write is not None:
            os.close(self.stop_write)
            self.stop_write = None

    def close(self):
        self.stop()
        super().close()
