"""The texts kept as golden files; run this module to write them anew, then look at them."""

from pathlib import Path

from looprisk.results import Screen, break_text, check_text, explain_text, run_text
from tests.results.examples import BREAKS, CHECK, CLEARING, LOOP_BREAKS

FOLDER = Path(__file__).parent / "golden"
NEXT = ("looprisk break stream-2025.yaml", 'looprisk run … --explain "Relend USDC"')

SCREENS = {
    "80": Screen(width=80),
    "120": Screen(width=120),
    "80-color": Screen(width=80, color=True),
    "120-color": Screen(width=120, color=True),
    "80-ascii": Screen(width=80, unicode=False),
}
TEXTS = {
    "run": lambda screen: run_text(CLEARING, screen, NEXT),
    "break": lambda screen: break_text(BREAKS, screen),
    "check": lambda screen: check_text(CHECK, screen),
    "explain": lambda screen: explain_text(CLEARING, "plume-xusd", screen),
    "stretches": lambda screen: break_text(LOOP_BREAKS, screen),
}
GOLDEN = {
    f"{name}-{size}.txt": (text, screen)
    for name, text in TEXTS.items()
    for size, screen in SCREENS.items()
}

if __name__ == "__main__":
    for name, (text, screen) in GOLDEN.items():
        (FOLDER / name).write_text(text(screen), encoding="utf-8")
