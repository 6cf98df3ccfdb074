"""Outcomes, made to fit the agent's schema: the platform refuses any other."""

from __future__ import annotations

from typing import Any

ANSWERED_BY = ("human", "voicemail", "unknown")
USUAL: dict[str, Any] = {"disposition": "unknown", "summary": None, "sentiment": None}


def fit(outcome: dict[str, Any], schema: dict[str, Any] | None) -> dict[str, Any]:
    """The outcome with what the schema does not know taken out, and what it asks for put in."""
    if schema is None:
        return outcome
    fitted = _fit(outcome, schema)
    return fitted if isinstance(fitted, dict) else {}


def _fit(value: Any, schema: dict[str, Any]) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema and value not in schema["enum"]:
        return "unknown" if "unknown" in schema["enum"] else schema["enum"][0]
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(_is(value, name) for name in types):
        value = _some(types)
    if isinstance(value, str):
        value = value[: schema.get("maxLength", len(value))].ljust(schema.get("minLength", 0), ".")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        value = max(value, schema.get("minimum", value))
        value = min(value, schema.get("maximum", value))
    elif isinstance(value, list):
        value = [_fit(item, schema.get("items", {})) for item in value[: schema.get("maxItems", len(value))]]
        missing = schema.get("minItems", 0) - len(value)
        value += [_fit(None, schema.get("items", {})) for _ in range(missing)]
    elif isinstance(value, dict):
        value = _fit_fields(value, schema)
    return value


def _fit_fields(value: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties", {})
    is_closed = schema.get("additionalProperties") is False
    fields = {
        name: _fit(field, properties[name]) if name in properties else field
        for name, field in value.items()
        if name in properties or not is_closed
    }
    for name in schema.get("required", []):
        if name not in fields:
            fields[name] = _fit(USUAL.get(name), properties.get(name, {}))
    return fields


def _is(value: Any, name: str) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return {
        "object": isinstance(value, dict),
        "array": isinstance(value, list),
        "string": isinstance(value, str),
        "number": number,
        "integer": number and float(value).is_integer(),
        "boolean": isinstance(value, bool),
        "null": value is None,
    }[name]


def _some(types: list[str]) -> Any:
    if "null" in types:
        return None
    return {"object": {}, "array": [], "string": "", "number": 0, "integer": 0, "boolean": False}[types[0]]
