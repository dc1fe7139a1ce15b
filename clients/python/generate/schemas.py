"""Schemas of the document as Python types: dataclasses for answers, TypedDicts for what is sent."""

from __future__ import annotations

import keyword
import textwrap
from dataclasses import dataclass, field
from typing import Any

Schema = dict[str, Any]

PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def text(description: str) -> str:
    """A description as it stands in a docstring."""
    return " ".join(description.split()).replace("\\", "\\\\")


def docstring(description: str, indent: str) -> str:
    lines = [
        line
        for paragraph in description.split("\n\n")
        for line in (*textwrap.wrap(text(paragraph), 96 - len(indent)), "")
    ]
    body = "\n".join(lines[:-1])
    quoted = f'"""{body}"""' if len(lines) == 2 else f'"""{body}\n"""'
    return textwrap.indent(quoted, indent) + "\n"


@dataclass
class Types:
    """The types that operations need, made as they are asked for."""

    schemas: dict[str, Schema]
    words: dict[str, str] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    # Lists of rows, and of which.
    rows: dict[str, str] = field(default_factory=dict)

    def of(self, schema: Schema, hint: str, *, sent: bool) -> str:
        """The type of a schema, of what is sent or answered. `hint` names it if nothing else does."""
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            return self.of(self.schemas[name], name, sent=sent)
        for union in ("oneOf", "anyOf"):
            if union in schema:
                parts = [self.of(part, hint, sent=sent) for part in schema[union]]
                return " | ".join(dict.fromkeys(parts))
        if "allOf" in schema and len(schema["allOf"]) == 1:
            return self.of(schema["allOf"][0], hint, sent=sent)
        if "enum" in schema:
            return self._word(hint, schema["enum"])
        if "properties" in schema or "allOf" in schema:
            return self._sent(hint, schema) if sent else self._answered(hint, schema)
        kinds = schema.get("type", "object")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        return " | ".join(self._plain(kind, schema, hint, sent=sent) for kind in kinds)

    def _plain(self, kind: str, schema: Schema, hint: str, *, sent: bool) -> str:
        if kind == "array":
            row = self.of(schema["items"], hint.removeprefix("Words_"), sent=sent)
            return f"Sequence[{row}]" if sent else f"list[{row}]"
        if kind == "object":
            values = schema.get("additionalProperties")
            of_values = "object" if sent else "Any"
            if isinstance(values, dict):
                of_values = self.of(values, hint.removeprefix("TableOf"), sent=sent)
            return f"Mapping[str, {of_values}]" if sent else f"dict[str, {of_values}]"
        if kind == "string" and schema.get("format") == "date-time":
            return "str | datetime" if sent else "datetime"
        return PLAIN[kind]

    def _word(self, name: str, values: list[str]) -> str:
        named = (other for other, schema in self.schemas.items() if schema.get("enum") == values)
        name = pascal(next(named, name))
        literal = f"{name} = Literal[{', '.join(repr(value) for value in values)}]\n"
        if self.words.setdefault(name, literal) != literal:
            raise SystemExit(f"two kinds of words are called {name}")
        return name

    def _answered(self, name: str, schema: Schema) -> str:
        name = pascal(name)
        name = f"{name.removeprefix('Page')}Page" if name.startswith("Page") else name
        if name in self.models:
            return name
        self.models[name] = ""
        bases, own, required = (
            [],
            dict(schema.get("properties", {})),
            set(schema.get("required", [])),
        )
        for part in schema.get("allOf", []):
            if "$ref" in part:
                base = self.of(part, name, sent=False)
                bases.append(base)
                if base in self.rows:
                    self.rows[name] = self.rows[base]
            else:
                own |= part.get("properties", {})
                required |= set(part.get("required", []))
        fields = ""
        for key, value in own.items():
            checked(key, name)
            hint = (
                name.removesuffix("Page")
                if key == "data" and name.endswith("Page")
                else name + pascal(key)
            )
            kind = self.of(value, hint, sent=False)
            description = text(described(value))
            if key == "data" and kind.startswith("list["):
                self.rows[name] = kind[len("list[") : -1]
            secret = "shown this once" in description
            if key not in required:
                kind = kind if "None" in kind.split(" | ") else f"{kind} | None"
            options = [] if key in required else ["default=None"]
            options += ["repr=False"] if secret else []
            value_text = (
                f" = field({', '.join(options)})"
                if secret
                else ""
                if key in required
                else " = None"
            )
            fields += f"    {key}: {kind}{value_text}\n"
            fields += docstring(description, "    ") if description else ""
        title = text(schema.get("description", "")) or f"{name}."
        self.models.pop(name)
        self.models[name] = (
            f"@dataclass(frozen=True, kw_only=True)\nclass {name}({', '.join(bases)}):\n"
            + docstring(title, "    ")
            + "\n"
            + fields
        )
        return name

    def _sent(self, name: str, schema: Schema) -> str:
        name = pascal(name) + "Input"
        if name in self.inputs:
            return name
        self.inputs[name] = ""
        required = set(schema.get("required", []))
        fields = ""
        for key, value in schema["properties"].items():
            checked(key, name)
            kind = self.of(value, name.removesuffix("Input") + pascal(key), sent=True)
            fields += f"    {key}: {kind if key in required else f'NotRequired[{kind}]'}\n"
            fields += docstring(described(value), "    ") if described(value) else ""
        self.inputs.pop(name)
        title = schema.get("description", f"{name}.")
        self.inputs[name] = f"class {name}(TypedDict):\n{docstring(title, '    ')}\n{fields}"
        return name


def described(schema: Schema) -> str:
    """The description of a field: its own, or that of what it may be beside null."""
    parts = [schema, *schema.get("oneOf", []), *schema.get("allOf", [])]
    return next((part["description"] for part in parts if "description" in part), "")


def checked(name: str, where: str) -> None:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise SystemExit(f"{where}: {name} cannot be a name in Python")


def pascal(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.replace("-", "_").split("_"))
