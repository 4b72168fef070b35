"""Where things lie in the repository."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DATA: Final = ROOT / "tests" / "data"
ELF: Final = DATA / "elf"
GOLDEN: Final = ROOT / "tests" / "package" / "formats" / "golden"
KESTREL: Final = ROOT / "examples" / "kestrel"
