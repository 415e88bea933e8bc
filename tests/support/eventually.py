"""For what happens a moment later, such as news that other workers hear through PostgreSQL."""

import time


def eventually(holds, what, seconds=10):
    """Asks until holds() is true; fails with `what` if it does not become so."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"after {seconds} seconds still not: {what}"
        time.sleep(0.005)
