"""How often and how fast a lost race is run again."""

import random
import time
from typing import Final

TRIES: Final = 30

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0


def pause(attempt: int) -> None:
    """Sleep before another attempt: longer each time, and not as long as the other writer."""
    time.sleep(random.SystemRandom().uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**attempt)))
