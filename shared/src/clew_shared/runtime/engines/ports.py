"""Ports that stay ours while an engine restarts. Next: clew_shared.runtime.engines.postgres.EmbeddedPostgres."""

import random
import socket

# Below the range from which Linux draws the ports of outgoing connections (32768 up): while an engine is down,
# a busy client could be given its port there, and the restart would find it taken.
_RANGE = range(18_000, 32_000)


def free_port() -> int:
    """Find a TCP port of 127.0.0.1 that nobody listens on now."""
    for port in random.sample(_RANGE, k=200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free TCP port between 18000 and 32000 on 127.0.0.1")
