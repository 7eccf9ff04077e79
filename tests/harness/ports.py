"""Ports of this machine."""
import random
import socket

LOWEST, HIGHEST = 10_000, 32_000  # those above are given to whoever connects, and may be taken again at any time


def free_port():
    """One that nobody has, and that is given to nobody who does not ask for it."""
    draw = random.SystemRandom()
    while True:
        port = draw.randint(LOWEST, HIGHEST)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass  # another one, then
