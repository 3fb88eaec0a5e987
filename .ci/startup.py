"""Measure start-up: CPU seconds of `import looprisk` and of `looprisk --help`, best of five."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(sys.executable).parent / "looprisk"
# What is promised; processor time, so that a busy machine does not change the verdict.
BUDGETS = {
    "import looprisk": ([sys.executable, "-I", "-c", "import looprisk"], 0.3),
    "looprisk --help": ([sys.executable, "-I", str(SCRIPT), "--help"], 0.4),
}


def cpu_seconds(command: list[str]) -> float:
    """Return the processor time one run of the command takes."""
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    after = os.times()
    return (
        after.children_user + after.children_system - before.children_user - before.children_system
    )


def main() -> int:
    """Print each measurement and return 1 if one is over its budget."""
    slow = 0
    for name, (command, budget) in BUDGETS.items():
        best = min(cpu_seconds(command) for _ in range(5))
        slow += best > budget
        sys.stdout.write(f"{name}: {best:.2f} s of at most {budget} s\n")
    return min(slow, 1)


sys.exit(main())
