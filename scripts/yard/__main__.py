# SPDX-License-Identifier: MIT
import sys
import traceback

try:
    from yard.cli.main import main

    code = main()
except SystemExit:
    raise
except BaseException:  # Python itself would leave with 1, which here means a regression
    traceback.print_exc()
    code = 4
sys.exit(code)
