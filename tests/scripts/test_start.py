# SPDX-License-Identifier: MIT
"""How scripts/switchyard starts: which Python, which code, and what a signal does before anything has begun."""

import os
import signal
import stat
import subprocess

import pytest

import fakes
from yard.cli import main as cli

SWITCHYARD = fakes.REPOSITORY / "scripts" / "switchyard"
PLANTED = "import sys; sys.stdout.write('EXECUTED'); sys.exit(9)\n"


def call(folder, *arguments, program=SWITCHYARD, **environment):
    return subprocess.run(
        [program, *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder / "home"), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def trap(tmp_path):
    """A folder in which every module that is imported early has a namesake."""
    for name in "os site sitecustomize re click numpy json signal yard errors readlink".split():
        (tmp_path / f"{name}.py").write_text(PLANTED)
    (tmp_path / "home").mkdir()
    return tmp_path


@pytest.mark.parametrize("path", ["", ":", ".", "./", ":.", "nowhere:"])
def test_nothing_of_the_current_folder_is_executed(trap, path):
    done = call(trap, "--version", PYTHONPATH=path)
    assert done.returncode == 0 and done.stdout.startswith("switchyard, version"), done.stderr


def test_a_folder_that_the_user_names_in_full_is_used(trap):
    done = call(trap, "--version", PYTHONPATH=str(trap))
    assert "EXECUTED" in done.stdout


def test_it_may_be_called_by_a_link(trap):
    (trap / "bin").mkdir()
    (trap / "bin" / "switchyard").symlink_to("../second")
    (trap / "second").symlink_to(SWITCHYARD)
    assert call(trap, "--version", program=trap / "bin" / "switchyard").returncode == 0


def test_a_folder_that_has_been_deleted_is_no_obstacle(tmp_path):
    gone = tmp_path / "gone"
    command = f'mkdir {gone} && cd {gone} && rmdir {gone} && exec "{SWITCHYARD}" --version'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_compiled_modules_are_kept_in_the_cache_alone(trap):
    assert call(trap, "--help").returncode == 0
    kept = trap / "home" / ".cache" / "switchyard" / "bytecode"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    names = [str(file) for file in kept.rglob("*.pyc")]
    assert any("yard/cli/main" in name for name in names)
    assert all(f"{fakes.REPOSITORY}/scripts/yard/" in name for name in names)


def test_a_cache_that_others_can_write_to_is_not_used(trap):
    kept = trap / "home" / ".cache" / "switchyard" / "bytecode"
    kept.mkdir(parents=True)
    kept.chmod(0o777)
    assert call(trap, "--help").returncode == 0 and not list(kept.iterdir())


def test_a_python_without_the_modules_gives_way_to_one_that_has_them_or_says_what_to_install(trap):
    for wrong in (str(trap / "no-python"), "/bin/false"):
        done = call(trap, "list", SWITCHYARD_PYTHON=wrong)
        assert done.returncode == 4 and "scripts/setup" in done.stderr
    # -S of a virtual environment without packages: it has Python alone.
    bare = trap / "bare" / "bin" / "python3"
    bare.parent.mkdir(parents=True)
    bare.symlink_to("/usr/bin/python3")
    (trap / "bare" / "pyvenv.cfg").write_text(
        "home = /usr/bin\ninclude-system-site-packages = false\n"
    )
    done = call(trap, "--version", SWITCHYARD_PYTHON=str(bare))
    assert done.returncode == 4 and "numpy" in done.stderr and "scripts/setup" in done.stderr
    done = call(trap, "--version", SWITCHYARD_PYTHON="/usr/bin/python3")
    assert done.returncode == 0


def test_help_says_of_each_command_what_the_command_says():
    context = cli.command.make_context("switchyard", ["list"], resilient_parsing=True)
    names = cli.command.list_commands(context)
    assert len(names) > 10
    for name in names:
        said = cli.command.get_command(context, name).short_help
        assert said and cli.command.summary(name) == said, name


HEAVY = ("numpy", "jsonschema", "rich", "scipy", "matplotlib", "jinja2", "sqlite3", "asyncio")


def imported_by(folder, *calls, **environment):
    """The modules that the calls of the command line import, started as the launcher starts it."""
    probe = (
        "import runpy, sys\n"
        f"start = runpy.run_path({str(fakes.REPOSITORY / 'scripts' / 'yard' / '__main__.py')!r})\n"
        "start['start']()\n"
        "from yard import importing\n"
        "importing.prepare()\n"
        "from yard.cli import main\n"
        f"codes = [main.main(list(call)) for call in {list(calls)!r}]\n"
        "assert codes == [0] * len(codes), codes\n"
        "print(chr(0), *sys.modules)\n"
    )
    done = subprocess.run(
        ["/usr/bin/python3", "-S", "-c", probe],
        env={"PATH": os.environ["PATH"], "HOME": str(folder / "home"), **environment},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.rpartition(chr(0))[2].split()


def heavy(modules):
    return [name for name in modules if name.split(".")[0] in HEAVY]


def test_help_of_every_command_imports_nothing_that_takes_long(tmp_path):
    context = cli.command.make_context("switchyard", ["list"], resilient_parsing=True)
    names = cli.command.list_commands(context)
    assert heavy(imported_by(tmp_path, ["--help"], *([name, "--help"] for name in names))) == []


def test_a_look_at_the_machine_imports_nothing_that_takes_long(tmp_path):
    assert heavy(imported_by(tmp_path, ["doctor", "--quick"], ["completion", "bash"])) == []


def test_an_answer_of_a_model_that_obeys_imports_no_validator(tmp_path):
    build = fakes.build(tmp_path / "build", "steady")
    call, home = ["list", "--build", str(build)], tmp_path / "home"
    assert "jsonschema" not in imported_by(tmp_path, call)
    file = build / "bin" / "switchyard-steady"
    file.write_text(file.read_text().replace('"style": "idiomatic"', '"style": 5'))
    done = fakes.switchyard(tmp_path, *call, HOME=str(home))
    assert done.returncode == 4 and "does not obey docs/protocol.md" in done.stderr


def test_completion_of_names_imports_no_command(trap):
    probe = "import sys; from yard.cli import main as m; "
    probe += "m.command.shell_complete(m.click.Context(m.command), ''); "
    probe += "found = [n for n in sys.modules if n.startswith('yard.cli.commands.')]; "
    probe += "assert not found, found"
    done = subprocess.run(
        ["/usr/bin/python3", "-c", probe],
        env={"PYTHONPATH": str(fakes.REPOSITORY / "scripts"), "HOME": str(trap / "home")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM])
def test_a_closed_terminal_ends_it_as_a_request_to_end_does(number):
    before = {n: signal.getsignal(n) for n in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM)}
    try:
        cli.end_orderly()
        with pytest.raises(SystemExit) as ended:
            os.kill(os.getpid(), number)
            signal.sigtimedwait([], 5)
        assert ended.value.code == 143
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_what_nohup_keeps_away_stays_away():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        cli.end_orderly()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_interrupt_while_it_starts_leaves_one_line(trap):
    # The interrupt comes from the first module that is imported: no waiting for the right moment.
    sitecustomize = trap / "named" / "sitecustomize.py"
    sitecustomize.parent.mkdir()
    sitecustomize.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    done = call(trap, "--help", PYTHONPATH=str(sitecustomize.parent))
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a checkout to another user")
def test_the_commit_of_a_checkout_of_another_user_is_found(tmp_path):
    from yard.data import host
    from yard.gate import build

    def git(*words):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", tmp_path, *identity, *words], check=True, capture_output=True)

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "x")
    subprocess.run(["chown", "-R", "1000:1000", tmp_path], check=True)
    assert subprocess.run(["git", "-C", tmp_path, "log"], capture_output=True).returncode != 0
    found, dirty = host.commit(tmp_path)
    assert len(found) == 7 and dirty is False
    assert build.git(tmp_path, "rev-parse", "HEAD").startswith(found)


@pytest.mark.parametrize("given", ["60", "0s", "1d", "-5s", "9" * 400 + "s", "1e3s", "٣s"])
def test_a_length_of_time_has_a_unit_and_an_end(tmp_path, given):
    done = call(tmp_path, "run", "--time-budget", given)
    assert done.returncode == 64 and "write 90s, 5m or 1h" in done.stderr


@pytest.mark.parametrize("given", ["connections=" + "9" * 400, "connections=²", "connections=-1"])
def test_a_number_that_no_field_holds_is_refused(tmp_path, given):
    for flag in ("--set", "--sweep"):
        assert call(tmp_path, "run", flag, given).returncode == 64
