"""Examples that follow from the schemas: a whole request or answer out of the examples of its fields."""

from __future__ import annotations

from typing import Any

from xuexin_api.openapi.lint import Document
from xuexin_api.openapi.once import IDEMPOTENCY_HEADER


class Schemas:
    """The schemas of one document, and what can be said from them."""

    def __init__(self, schemas: Document) -> None:
        self._schemas = schemas

    def resolve(self, schema: Document) -> Document:
        """The schema itself, where it is only named."""
        name = schema.get("$ref")
        return schema if name is None else self.resolve(self._schemas[name.rpartition("/")[2]])

    def example(self, schema: Document) -> Any:
        """A value of the schema. A field that may be left out, and whose example is null, is left out."""
        if schema.get("examples"):
            return schema["examples"][0]
        schema = self.resolve(schema)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema:
                return self.example(schema[several][0])
        if schema.get("type") == "array":
            return [self.example(schema["items"])]
        return self._object(schema)

    def _object(self, schema: Document) -> Document:
        required = schema.get("required", [])
        values = {name: self.example(field) for name, field in schema.get("properties", {}).items()}
        return {name: value for name, value in values.items() if value is not None or name in required}

    def requests(self, schema: Document) -> Document:
        """Named examples of a body: one for each of its forms."""
        found = self.resolve(schema)
        forms: dict[str, str] = found.get("discriminator", {}).get("mapping", {})
        if not forms:
            return {"typical": {"value": self.example(schema)}}
        chosen_by = found["discriminator"]["propertyName"]
        return {form: {"value": self.example({"$ref": ref}) | {chosen_by: form}} for form, ref in forms.items()}

    def broken_rule(self, operation: Document) -> tuple[str, str]:
        """A pointer and a code that a request to this operation is refused with if something is left out or wrong."""
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body is not None:
            return self._broken_body(body["schema"])
        own = [parameter for parameter in operation.get("parameters", ()) if parameter.get("in") in {"path", "query"}]
        for parameter in own:
            schema, where = parameter["schema"], f"/{parameter['in']}/{parameter['name']}"
            if "enum" in schema:
                return where, "not_in_list"
            if schema.get("format") == "uuid":
                return where, "malformed"
            if "minimum" in schema:
                return where, "out_of_range"
        if not own:
            return f"/header/{IDEMPOTENCY_HEADER}", "malformed"
        return f"/{own[0]['in']}/{own[0]['name']}", "too_long"

    def _broken_body(self, schema: Document) -> tuple[str, str]:
        found = self.resolve(schema)
        if "discriminator" in found:
            return f"/{found['discriminator']['propertyName']}", "required"
        required = found.get("required")
        return (f"/{required[0]}", "required") if required else ("/unknown", "extra_field")
