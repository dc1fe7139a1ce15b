"""Operations of the document as methods of the client, asynchronous; `twin` makes the others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from generate.names import CALLS, GROUPS, LEFT_OUT, PATH_NAMES, REPEATABLE
from generate.schemas import Types, checked, described, docstring, pascal, text

# Without a limit the audit answers everything at once.
AUDIT_ROWS = 500


@dataclass
class Argument:
    name: str
    kind: str
    description: str
    default: str | None = None

    def declared(self) -> str:
        return f"{self.name}: {self.kind}" + (f" = {self.default}" if self.default else "")


class Operation:
    """An operation: what it takes, what it answers."""

    def __init__(self, path: str, method: str, operation: dict[str, Any], types: Types) -> None:
        self.id: str = operation["operationId"]
        self.operation = operation
        self.types = types
        self.method = method.upper()
        self.path = path
        for prefix, name in PATH_NAMES.items():
            if path.startswith(prefix):
                self.path = path.replace("{name}", "{" + name + "}")
        self.path_arguments = [
            Argument(name, "str", "") for name in re.findall(r"{(\w+)}", self.path)
        ]
        self.query: list[tuple[str, Argument]] = []
        self.headers: list[tuple[str, Argument]] = []
        self._read_parameters(operation.get("parameters", []))
        self.body: list[Argument] = []
        self.whole_body: Argument | None = None
        self._read_body(operation.get("requestBody"))

    def _read_parameters(self, parameters: list[dict[str, Any]]) -> None:
        of_path = [parameter for parameter in parameters if parameter["in"] == "path"]
        for argument, parameter in zip(self.path_arguments, of_path, strict=True):
            argument.description = parameter.get("description", "")
        for parameter in parameters:
            if parameter["in"] == "path":
                continue
            name = parameter["name"].lower().removeprefix("x-").replace("-", "_")
            checked(name, self.id)
            kind = self.types.of(parameter["schema"], self.id + "_" + name, sent=True)
            kind = kind.removesuffix(" | None")
            if name.endswith("_date") or name == "since" or name == "effective_from":
                kind = "str | date"
            default = None if parameter.get("required") else "OMIT"
            kind = kind if default is None else f"{kind} | Omit"
            argument = Argument(name, kind, parameter.get("description", ""), default)
            where = self.headers if parameter["in"] == "header" else self.query
            where.append((parameter["name"], argument))

    def _read_body(self, body: dict[str, Any] | None) -> None:
        if body is None:
            return
        schema = body["content"]["application/json"]["schema"]
        if "$ref" not in schema:
            description = body.get("description", "")
            self.whole_body = Argument("request", "Mapping[str, object]", description)
            return
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = self.types.schemas[name]
        required = set(schema.get("required", []))
        for key, value in schema["properties"].items():
            checked(key, self.id)
            kind = self.types.of(value, name + "_" + key, sent=True)
            if key == REPEATABLE.get(self.id):
                description = described(value) + " A random one by default."
                self.body.append(Argument(key, "str | None", description, "None"))
            elif key in required:
                self.body.append(Argument(key, kind, described(value)))
            else:
                self.body.append(Argument(key, f"{kind} | Omit", described(value), "OMIT"))

    def answer(self) -> dict[str, Any]:
        answers = self.operation["responses"]
        content: dict[str, Any] = next(
            answers[status] for status in ("200", "201") if status in answers
        )["content"]
        return content

    def repeatable(self) -> bool:
        # A second DELETE answers that there is nothing.
        return self.method in ("GET", "PUT", "PATCH") or self.id in REPEATABLE

    def call(self, leave_out: frozenset[str] = frozenset()) -> str:
        path = re.sub(r"{(\w+)}", r"{segment(\1)}", self.path)
        parts = [f'"{self.method}"', f'f"{path}"' if "{" in path else f'"{path}"']
        for name, pairs in (("query", self.query), ("headers", self.headers)):
            kept = [f'"{key}": {value.name}' for key, value in pairs if value.name not in leave_out]
            if kept:
                parts.append(f"{name}={{{', '.join(kept)}}}")
        if self.whole_body is not None:
            parts.append("body=request")
        elif self.operation.get("requestBody"):
            generated = REPEATABLE.get(self.id)
            fields = [
                f'"{argument.name}": {argument.name}'
                + (" or new_idempotency_key()" if argument.name == generated else "")
                for argument in self.body
            ]
            parts.append(f"body={{{', '.join(fields)}}}")
        if self.repeatable():
            parts.append("repeatable=True")
        return f"Call({', '.join(parts)})"

    def method_text(
        self,
        name: str,
        kind: str,
        answer: str,
        body: str,
        leave_out: frozenset[str] = frozenset(),
        defaults: dict[str, Argument] | None = None,
    ) -> str:
        named = [a for _, a in (*self.query, *self.headers) if a.name not in leave_out]
        named = [(defaults or {}).get(a.name, a) for a in named]
        named = [*([self.whole_body] if self.whole_body else []), *self.body, *named]
        named.sort(key=lambda argument: argument.default is not None)
        every = [*self.path_arguments, *named]
        if len({argument.name for argument in every}) != len(every):
            raise SystemExit(f"{self.id}: two arguments have one name")
        declared = ["self", *(a.declared() for a in self.path_arguments)]
        declared += ["*", *(a.declared() for a in named)] if named else []
        summary = text(self.operation["summary"]) + "."
        about = "\n\n".join([summary, self.operation.get("description", "")]).strip()
        lines = docstring(about, "        ").rstrip()
        described_ones = [a for a in every if a.description]
        if described_ones:
            lines = lines.removesuffix('"""').rstrip() + "\n\n        Args:\n"
            for argument in described_ones:
                lines += f"            {argument.name}: {text(argument.description)}\n"
            lines += '        """'
        return f"    {kind} {name}({', '.join(declared)}) -> {answer}:\n{lines}\n        {body}\n"


def methods(operation: Operation) -> str:
    """The methods of one operation: nearly always one."""
    name = CALLS[operation.id].split(".")[1]
    types, content = operation.types, operation.answer()
    if operation.id == "stream_usage":
        hidden = frozenset({"last_event_id"})
        resume = Argument(
            "last_event_id", "str | None", operation.headers[0][1].description, "None"
        )
        operation.headers[0] = ("Last-Event-ID", resume)
        made = f"return AsyncEvents(self._transport, {operation.call(hidden)}, UsageEvent, last_event_id)"
        types.of({"$ref": "#/UsageEvent"}, "", sent=False)
        return operation.method_text(name, "def", "AsyncEvents[UsageEvent]", made)
    media, schema = next((media, value["schema"]) for media, value in content.items())
    if media != "application/json":
        made = f"return await self._transport.text({operation.call()})"
        return operation.method_text(name, "async def", "str", made)
    kind = types.of(schema, pascal(operation.id), sent=False)
    rows = types.rows.get(kind)
    if operation.method != "GET" or rows is None:
        made = f"return decode({kind}, await self._transport.json({operation.call()}))"
        return operation.method_text(name, "async def", kind, made)
    onward = [key for key, _ in operation.query if key in ("after", "cursor")]
    hidden = frozenset(onward)
    if operation.id == "list_audit":
        return audit(operation, kind, rows)
    onward_text = f', "{onward[0]}"' if onward else ""
    made = f"return AsyncPages(self._transport, {operation.call(hidden)}, {kind}{onward_text})"
    return operation.method_text(name, "def", f"AsyncPages[{rows}, {kind}]", made, hidden)


def audit(operation: Operation, kind: str, rows: str) -> str:
    """The audit has two: entries page by page, and a report as a file."""
    limit = Argument("limit", "int", "Rows of a page; 1 to 1000.", str(AUDIT_ROWS))
    hidden = frozenset({"format", "aggregation", "cursor"})
    made = f'return AsyncPages(self._transport, {operation.call(hidden)}, {kind}, "cursor")'
    listed = operation.method_text(
        "list", "def", f"AsyncPages[{rows}, {kind}]", made, hidden, {"limit": limit}
    )
    hidden = frozenset({"limit", "cursor"})
    format_of = dict(operation.query)["format"]
    format_of = Argument(
        "format", format_of.kind.removesuffix(" | Omit"), "`csv` or `json`.", '"csv"'
    )
    made = f"return AsyncReport(self._transport, {operation.call(hidden)})"
    report = operation.method_text(
        "generate_report", "def", "AsyncReport", made, hidden, {"format": format_of}
    )
    return listed + "\n" + report


def groups(document: dict[str, Any], types: Types) -> str:
    """Every group of calls as a class."""
    operations = {
        operation["operationId"]: Operation(path, method, operation, types)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    known = CALLS.keys() | LEFT_OUT.keys()
    if operations.keys() != known:
        raise SystemExit(f"generate/names.py: differs in {sorted(operations.keys() ^ known)}")
    made = ""
    for group, description in GROUPS.items():
        made += f"class Async{pascal(group)}Calls:\n{docstring(description, '    ')}\n"
        made += "    def __init__(self, transport: AsyncTransport) -> None:\n"
        made += "        self._transport = transport\n\n"
        of_group = (key for key, call in CALLS.items() if call.split(".")[0] == group)
        made += "\n".join(methods(operations[key]) for key in of_group) + "\n\n"
    return made
