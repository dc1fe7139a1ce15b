"""Tries to spend more than a cap (`captest`) through each gateway that can have one here.

LiteLLM's budgets of keys need a database, which is not set up here. What it can have without one is a budget of a
provider (`provider_budget_config`), kept in memory: so it is started anew for each kind of attack. Portkey's gateway has no budgets without Portkey's own service. Paddock is started by captest.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from pathlib import Path

from bench import (
    LITELLM_ENVIRONMENT,
    PEERS,
    ask,
    eventually,
    program,
    started,
    stop_when_told,
)

KINDS = "races tiers models media previous tools zeros mislabelled leaving".split()
CAP_USD = 0.5
PORT = 19700
PRICES = {"captest-cheap": (1e-6, 1e-5), "captest-dear": (1e-5, 1e-4)}
URL = "http://127.0.0.1:19404"


def config() -> str:
    models = [
        {
            "model_name": name,
            "litellm_params": {
                "model": f"openai/{name}",
                "api_base": f"http://127.0.0.1:{PORT}/v1",
                "api_key": "none",
                "input_cost_per_token": of_input,
                "output_cost_per_token": of_output,
            },
        }
        for name, (of_input, of_output) in PRICES.items()
    ]
    budget = {"openai": {"budget_limit": CAP_USD, "time_period": "1d"}}
    return json.dumps(
        {
            "model_list": models,
            "router_settings": {"provider_budget_config": budget},
            "general_settings": {"master_key": "sk-peers"},
        }
    )


def litellm(kind: str, folder: Path) -> str:
    (folder / "caps.yaml").write_text(config())
    command: list[str | Path] = [
        PEERS / "venv/bin/litellm",
        "--config",
        "caps.yaml",
        "--host",
        "127.0.0.1",
    ]
    process = started(
        [*command, "--port", "19404", "--telemetry", "False"],
        folder,
        **LITELLM_ENVIRONMENT,
    )
    try:
        headers = {"authorization": "Bearer sk-peers"}
        eventually(
            "LiteLLM",
            lambda: ask(
                f"{URL}/utils/token_counter", headers, {"model": "captest-cheap", "prompt": "x"}
            ),
        )
        options = ["--base-url", f"{URL}/v1", "--key", "sk-peers", "--upstream-port", str(PORT)]
        return captest([*options, "--kinds", kind])
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


def captest(options: list[str]) -> str:
    """Its table. It fails if a cap did not hold, and that is what is asked here."""
    command: list[str | Path] = [program("captest"), "--cap-usd", str(CAP_USD), *options]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.stdout or ran.stderr


def main() -> None:
    stop_when_told()
    with tempfile.TemporaryDirectory() as name:
        print("Paddock\n" + captest([]))
        for kind in KINDS:
            print(f"LiteLLM proxy, budget of a provider: {kind}\n" + litellm(kind, Path(name)))


if __name__ == "__main__":
    main()
