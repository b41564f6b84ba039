"""What the CRM's fields mean: the mapping file as typed values (`model`) and its reader (`load`)."""

from plugin.mapping.model import Mapping

__all__ = ["Mapping"]
