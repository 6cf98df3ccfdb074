"""Outcomes, made to fit the agent's schema: the platform refuses any other."""

from __future__ import annotations

from typing import Any

ANSWERED_BY = ("human", "voicemail", "unknown")
#: A type's value if nothing is known: numbers and booleans have none.
EMPTY: dict[str, Any] = {"null": None, "string": "", "array": [], "object": {}}
USUAL: dict[str, Any] = {"disposition": "unknown", "summary": None, "sentiment": None}


class Unfit(Exception):
    """No outcome that fits could be given without making it up."""


def fit(outcome: dict[str, Any], schema: dict[str, Any] | None) -> dict[str, Any] | None:
    """The outcome, with whatever the schema does not allow left out or cut to its limits, and what it requires added. None if it
    requires what is not known: an outcome is not made up."""
    if schema is None:
        return outcome
    try:
        return _fit(outcome, schema)
    except Unfit:
        return None


def _fit(value: Any, schema: dict[str, Any]) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema and value not in schema["enum"]:
        return _neutral(schema["enum"])
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and not any(_is(value, name) for name in types):
        value = _neutral([EMPTY[name] for name in types if name in EMPTY])
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
    properties, required = schema.get("properties", {}), schema.get("required", [])
    fields = {}
    for name in [*value, *(name for name in required if name not in value)]:
        if name in properties:
            try:
                fields[name] = _fit(value.get(name, USUAL.get(name)), properties[name])
            except Unfit:
                if name in required:
                    raise
        elif name in required or schema.get("additionalProperties") is not False:
            fields[name] = value.get(name)
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


def _neutral(values: list[Any]) -> Any:
    """The one value of these that claims nothing."""
    for value in (None, "unknown", "", [], {}):
        if value in values:
            return value
    raise Unfit
