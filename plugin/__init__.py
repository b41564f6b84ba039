"""Customer lifecycle for HubSpot: what this package is; the rooms are described in docs/architecture.md."""

__version__ = "0.1.0"
