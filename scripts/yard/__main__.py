# SPDX-License-Identifier: MIT
"""The way in, called by its path and with -S: until `start` has run, only what is compiled into Python is imported."""
import posix
import sys


def leave_out_the_current_folder():
    """An empty or relative entry of PYTHONPATH would be executed from wherever the user stands."""
    listed = posix.environ.get(b"PYTHONPATH", b"").decode("utf-8", "surrogateescape").split(":")
    try:
        here = posix.getcwd().rstrip("/")
    except OSError:  # the folder has been deleted
        here = ""
    doubtful = {f"{here}/{name}" for name in listed if name[:1] != "/"} | {here, f"{here}/."}
    doubtful -= {name for name in listed if name[:1] == "/"}
    sys.path[:] = [p for p in sys.path[1:] if p[:1] == "/" and p.rstrip("/") not in doubtful]


leave_out_the_current_folder()

import os  # noqa: E402

SCRIPTS = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
MODULES = ("numpy", "scipy", "matplotlib", "jinja2", "rich", "click", "jsonschema")
TRIED = "SWITCHYARD_PYTHONS_TRIED"


def start():
    import site

    site.main()
    sys.path.insert(0, SCRIPTS)


def missing():
    from importlib.util import find_spec

    if sys.version_info < (3, 10):
        return ["Python 3.10 or later"]
    return [name for name in MODULES if find_spec(name) is None]


def try_another_python(lacking):
    """Only where this one lacks something: a Python on PATH may have it."""
    import shutil

    tried = os.environ.get(TRIED, "").split(os.pathsep) + [os.path.realpath(sys.executable)]
    wanted = os.environ.get("SWITCHYARD_PYTHON")
    for name in [wanted] if wanted else ["/usr/bin/python3", shutil.which("python3")]:
        # Links are followed: a virtual environment's link is another Python than what it leads to.
        if name and os.path.exists(name) and name not in tried:
            os.environ[TRIED] = os.pathsep.join([*filter(None, tried), name])
            os.execv(name, [name, "-S", os.path.realpath(__file__)] + sys.argv[1:])
    sys.stderr.write(
        "switchyard: %s lacks %s. Install what is missing: scripts/setup\n"
        % (sys.executable, ", ".join(lacking))
    )
    return 4


def run():
    try:
        start()
        lacking = missing()
        if lacking:
            return try_another_python(lacking)
        os.environ.pop(TRIED, None)
        from yard import importing

        importing.prepare()
        from yard.cli.main import main

        return main()
    except SystemExit:
        raise
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
    except BaseException:  # Python itself would leave with 1, which here means a regression
        import traceback

        traceback.print_exc()
        return 4


if __name__ == "__main__":
    sys.exit(run())
