"""A port for a program that cannot be told to take any."""

import random
import socket
from pathlib import Path


def free_port():
    """A port of 127.0.0.1 that nobody listens on, and that the kernel gives nobody in the meantime: connections take theirs
    from ip_local_port_range, so one from there could be in use when the program that was told it listens."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    while True:
        port = random.SystemRandom().randrange(10000, max(lowest, 10100))
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
