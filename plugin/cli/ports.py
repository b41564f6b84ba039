"""Whether a port can be listened on, found out before anything is started."""

from __future__ import annotations

import socket

from plugin.errors import ConfigError


def check_port(host: str, port: int) -> None:
    """Raise ConfigError unless somebody could listen there now."""
    if not is_free(host, port):
        raise ConfigError(
            f"Port {port} cannot be listened on: another program does.",
            cure="Stop that program, or choose another port (PORT or --port).",
        )


def is_free(host: str, port: int) -> bool:
    """Whether a port could be listened on; 0 stands for any free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError):
            return False
    return True
