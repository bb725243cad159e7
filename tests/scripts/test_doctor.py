# SPDX-License-Identifier: MIT
"""Doctor on machines made of files: each check, what --fix writes, what --restore puts back."""

import json
import math

import pytest

import fakes
from yard.doctor import checks, measure, mend
from yard.doctor.machine import Machine
from yard.errors import UsageError, YardError

CPU = "sys/devices/system/cpu"
GOVERNOR = f"/{CPU}/cpu0/cpufreq/scaling_governor"


@pytest.fixture
def make(tmp_path):
    def write(files):
        for path, text in files.items():
            file = tmp_path / "root" / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return Machine(tmp_path / "root")

    return write


@pytest.mark.parametrize(
    "check, path, bad, level, good",
    [
        (checks.governor, GOVERNOR, "powersave\n", "matters", "performance\n"),
        (checks.turbo, f"{CPU}/intel_pstate/no_turbo", "0", "note", "1"),
        (checks.turbo, f"{CPU}/cpufreq/boost", "1", "note", "0"),
        (checks.smt, f"{CPU}/smt/active", "1", "note", "0"),
        (checks.cgroup_cpu, "sys/fs/cgroup/cpu.max", "150000 100000", "matters", "max 100000"),
        (
            checks.descriptors,
            "proc/self/limits",
            "Max open files   1024  1048576  files",
            "note",
            "Max open files   65536  1048576  files",
        ),
        (checks.ports, checks.PORTS, "32768\t60999", "note", "15000\t64999"),
        (checks.timer_slack, "proc/self/timerslack_ns", "50000", "note", "1"),
        (
            checks.mitigations,
            f"{CPU}/vulnerabilities/meltdown",
            "Mitigation: PTI",
            "note",
            "Not affected",
        ),
        (
            checks.neighbours,
            "proc/pressure/cpu",
            "some avg10=61.20 avg60=1.00",
            "matters",
            "some avg10=0.10 avg60=90.00",
        ),
        (
            checks.preemption,
            checks.PREEMPT,
            "none voluntary full (lazy)",
            "note",
            "none voluntary (full) lazy",
        ),
        (
            checks.clock,
            "sys/devices/system/clocksource/clocksource0/current_clocksource",
            "hpet",
            "matters",
            "tsc",
        ),
        (checks.io_uring, "proc/sys/kernel/io_uring_disabled", "2", "note", "0"),
    ],
)
def test_each_cause_is_found_and_its_absence_too(make, check, path, bad, level, good):
    assert check(make({})) is None
    found = check(make({path: bad}))
    assert found.level == level and found.why and found.mend
    found = check(make({path: good}))
    assert found.level == "good" and not found.mend and not found.settings


def test_the_tightest_group_limits(make):
    machine = make(
        {
            "proc/self/cgroup": "0::/a/b\n",
            "sys/fs/cgroup/a/b/cpu.max": "400000 100000",
            "sys/fs/cgroup/a/cpu.max": "50000 100000",
        }
    )
    assert checks.cgroup_cpu(machine).value == "0.50 CPUs"


def test_missing_packages_are_named_with_their_command(make):
    machine = make(
        {
            "var/lib/dpkg/status": "Package: libuv1-dev\nStatus: install ok installed\n\n"
            "Package: libtbb-dev\nStatus: deinstall ok config-files\n"
        }
    )
    mending = checks.libraries(machine).mend.split()
    assert "libtbb-dev" in mending and "libuv1-dev" not in mending and "strace" not in mending


def test_the_worst_comes_first_and_silence_is_reported(make):
    findings, silent = checks.examine(
        make({f"{CPU}/smt/active": "0", "proc/pressure/cpu": "some avg10=61.20"})
    )
    assert [finding.name for finding in findings] == ["neighbours", "smt"] and "clock" in silent


def test_fix_and_restore(make, tmp_path):
    machine = make({GOVERNOR: "powersave\n", checks.PORTS: "32768\t60999\n"})
    record = tmp_path / "state" / "doctor.json"
    findings, _ = checks.examine(machine)
    settings = [setting for finding in findings for setting in finding.settings]
    assert mend.fix(machine, settings, record) == []
    assert machine.read(GOVERNOR) == "performance" and machine.read(checks.PORTS) == "15000\t64999"
    mend.fix(machine, settings, record)  # the second keeps the first old value
    assert mend.restore(machine, record) == []
    assert machine.read(GOVERNOR) == "powersave" and machine.read(checks.PORTS) == "32768\t60999"
    with pytest.raises(UsageError):
        mend.restore(machine, record)


def test_restore_leaves_what_somebody_changed_since(make, tmp_path):
    machine, record = make({GOVERNOR: "powersave"}), tmp_path / "doctor.json"
    mend.fix(machine, [(GOVERNOR, "performance")], record)
    machine.file(GOVERNOR).write_text("schedutil")
    assert "schedutil" in mend.restore(machine, record)[0] and machine.read(GOVERNOR) == "schedutil"


def test_a_new_boot_has_nothing_to_restore(make, tmp_path):
    boot, record = "proc/sys/kernel/random/boot_id", tmp_path / "doctor.json"
    machine = make({GOVERNOR: "powersave", boot: "one"})
    mend.fix(machine, [(GOVERNOR, "performance")], record)
    make({boot: "two"})
    assert (
        "started again" in mend.restore(machine, record)[0]
        and machine.read(GOVERNOR) == "performance"
    )


def test_a_damaged_record_is_reported(make, tmp_path):
    (tmp_path / "doctor.json").write_text("{")
    with pytest.raises(YardError, match="by hand"):
        mend.restore(make({}), tmp_path / "doctor.json")


def test_pairs_grow_with_the_square_of_the_noise():
    narrow = [math.log(1.05) * step for step in (-2, -1, 0, 1, 2)]
    assert measure.pairs_needed([0.0] * 9) == 6
    wide = measure.pairs_needed([2 * ratio for ratio in narrow])
    assert wide == pytest.approx(4 * measure.pairs_needed(narrow), abs=4)


def test_the_command_measures_and_changes_nothing(tmp_path):
    done = fakes.switchyard(tmp_path, "doctor", "--json")
    document = json.loads(done.stdout)
    assert (
        done.returncode == 0 and document["findings"] and document["measured"]["timer_step_ns"] > 0
    )
    assert set(document["measured"]["wake_up_us"]) == {"median", "p99"}
    text = fakes.switchyard(tmp_path, "doctor").stdout
    assert "same against same" in text and "wake-up" in text


@pytest.mark.parametrize("arguments", [["--yes"], ["--fix", "--restore"], ["--json", "--fix"]])
def test_flags_that_contradict_are_refused(tmp_path, arguments):
    assert fakes.switchyard(tmp_path, "doctor", *arguments).returncode == 64
