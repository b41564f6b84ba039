"""HubSpot's refusals: one exception that carries the status and the error body of an answer."""

from __future__ import annotations

import uuid
from typing import Any

import orjson

from plugin.errors import CrmError


class Problem(CrmError):
    """A refusal as HubSpot words it; `body()` is what goes over the wire."""

    code = "sandbox_refusal"

    def __init__(
        self,
        status: int,
        message: str,
        category: str = "VALIDATION_ERROR",
        *,
        errors: list[dict[str, Any]] | None = None,
        context: dict[str, list[str]] | None = None,
        sub_category: str = "",
        extra: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message, status=status, category=category, details=errors)
        self.extra: dict[str, Any] = dict(extra or {})
        if context:
            self.extra["context"] = context
        if sub_category:
            self.extra["subCategory"] = sub_category
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """HubSpot's error body: status, message, correlationId, category, then what applies."""
        body: dict[str, Any] = {
            "status": "error",
            "message": self.message,
            "correlationId": str(uuid.uuid4()),
        }
        if self.category:
            body["category"] = self.category
        if self.details:
            body["errors"] = self.details
        return body | self.extra


class BadValue(Exception):
    """One property value that HubSpot would not store."""

    def __init__(self, code: str, name: str, message: str) -> None:
        super().__init__(message)
        self.code, self.name, self.message = code, name, message


def invalid_values(faults: list[BadValue], portal_id: int) -> Problem:
    """The 400 for one or more bad property values; HubSpot repeats the list as JSON in the message."""
    listed = [
        {
            "isValid": False,
            "message": fault.message,
            "error": fault.code,
            "name": fault.name,
            "localizedErrorMessage": fault.message,
            "portalId": portal_id,
        }
        for fault in faults
    ]
    errors = [
        {"message": fault.message, "code": fault.code, "context": {"propertyName": [fault.name]}}
        for fault in faults
    ]
    text = f"Property values were not valid: {orjson.dumps(listed).decode()}"
    return Problem(400, text, "VALIDATION_ERROR", errors=errors)


def not_found(what: str = "resource not found") -> Problem:
    """The 404 for a record, property, list or pipeline that is not there."""
    return Problem(404, what, "OBJECT_NOT_FOUND")


def invalid(message: str) -> Problem:
    """A 400 about the request itself: a limit, a missing field, a wrong name."""
    return Problem(400, message, "VALIDATION_ERROR")


def missing_ids_error(kind_name: str, ids: list[str]) -> dict[str, Any]:
    """The entry of a 207's `errors` that names ids which are not there."""
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": (
            f"Could not get some {kind_name.upper()} objects, they may be deleted or not exist. "
            "Check that ids are valid."
        ),
        "context": {"ids": ids},
        "links": {},
        "errors": [],
    }
