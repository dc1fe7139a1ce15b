"""`python -m generate` writes what follows from the OpenAPI document; `--check` says what is out of date."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

from generate.calls import groups
from generate.names import GROUPS
from generate.schemas import Types, pascal
from generate.twin import twin

HERE = Path(__file__).resolve().parent.parent
PACKAGE = HERE / "src" / "paddock_client"
DOCUMENT = HERE.parent.parent / "src" / "server" / "openapi.json"
WRITTEN = "# Written by `make python-client` from {}: edit that.\n"
FROM_DOCUMENT = WRITTEN.format("src/server/openapi.json")


def files() -> dict[Path, str]:
    document = json.loads(DOCUMENT.read_text())
    types = Types(document["components"]["schemas"])
    calls = groups(document, types)
    head = "from __future__ import annotations\n\n"
    models = (
        f'{FROM_DOCUMENT}"""What the API answers. Money is in US dollars, times are in UTC."""\n\n{head}'
        "from dataclasses import dataclass, field\nfrom datetime import datetime\nfrom typing import Any, Literal\n\n"
        + "".join(types.words.values())
        + "\n\n"
        + "\n\n".join(types.models.values())
    )
    inputs = (
        f'{FROM_DOCUMENT}"""Objects within what is sent."""\n\n{head}'
        "from collections.abc import Mapping, Sequence\nfrom datetime import datetime\n"
        "from typing import NotRequired, TypedDict\n\n"
        f"from paddock_client.models import {', '.join(types.words)}\n\n"
        + "\n\n".join(types.inputs.values())
    )
    every = sorted([*types.models, *types.words])
    calls = (
        f'{FROM_DOCUMENT}"""The calls of the API, in groups."""\n\n{head}'
        "from collections.abc import Mapping, Sequence\nfrom datetime import date, datetime\nfrom typing import Any\n\n"
        "from paddock_client._async.events import AsyncEvents\n"
        "from paddock_client._async.pages import AsyncPages\n"
        "from paddock_client._async.report import AsyncReport\n"
        "from paddock_client._async.transport import AsyncTransport\n"
        "from paddock_client._call import OMIT, Call, Omit, new_idempotency_key, segment\n"
        "from paddock_client._decode import decode\n"
        f"from paddock_client.inputs import {', '.join(types.inputs)}\n"
        f"from paddock_client.models import {', '.join(every)}\n\n\n{calls}"
    )
    calls += 'class AsyncGroups:\n    """Every group of calls."""\n\n'
    calls += "    def __init__(self, transport: AsyncTransport) -> None:\n"
    calls += "".join(f"        self.{g} = Async{pascal(g)}Calls(transport)\n" for g in GROUPS)
    made = {
        PACKAGE / "models.py": models,
        PACKAGE / "inputs.py": inputs,
        PACKAGE / "_async" / "calls.py": calls,
    }
    made = {path: formatted(source) for path, source in made.items()}
    of_async = {
        *(PACKAGE / "_async").glob("*.py"),
        *(path for path in made if path.parent.name == "_async"),
    }
    for path in sorted(of_async):
        source = made.get(path) or path.read_text()
        note = "" if path in made else WRITTEN.format(f"_async/{path.name}")
        made[PACKAGE / "_sync" / path.name] = formatted(note + twin(source))
    return made


def formatted(source: str) -> str:
    """Source without imports that it does not use, formatted."""
    ruff = Path(sysconfig.get_path("scripts")) / "ruff"
    fix = [
        "check",
        "--quiet",
        "--fix-only",
        "--select",
        "F401,I,UP",
        "--config",
        HERE / "pyproject.toml",
    ]
    for arguments in (fix, ["format", "--quiet"]):
        command = [ruff, *arguments, "--no-cache", "--stdin-filename", PACKAGE / "made.py", "-"]
        source = subprocess.run(  # noqa: S603
            command, input=source, capture_output=True, text=True, check=True, cwd=HERE
        ).stdout
    return source


def main() -> int:
    made = files()
    old = [path for path, source in made.items() if not path.exists() or path.read_text() != source]
    if "--check" in sys.argv:
        for path in old:
            print(
                f"{path.relative_to(HERE)} is out of date: run make python-client", file=sys.stderr
            )
        return 1 if old else 0
    (PACKAGE / "_sync").mkdir(exist_ok=True)
    for path in old:
        path.write_text(made[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
