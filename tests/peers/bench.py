"""Compares gateways in front of one upstream: throughput, CPU time and latency of a request, memory.

Each is started as its documentation says, with a key and nothing optional, on the same machine as the load (wrk)
and the upstream. Rounds go to one after the other, in rotating order, so that whatever else the machine does
meets all of them alike; figures are medians. CPU time is that of the gateway's processes, as Linux counts it.
An answer other than 200 ends the run.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PEERS = ROOT / ".paddock" / "peers"
UPSTREAM = "http://127.0.0.1:19600/v1"
ADMIN_KEY = "peers-admin-key-0123456789"
PADDOCK = "http://127.0.0.1:19403"
START_SECONDS = 90
# As its documentation advises for production, and without asking the internet for prices.
LITELLM_ENVIRONMENT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOG": "ERROR",
    "LITELLM_MODE": "PRODUCTION",
}
BODY = {
    "model": "gpt-4.1",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "Hello! " * 120}],
}
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Gateway:
    """One that takes part, and what was measured of it."""

    name: str
    version: str
    url: str
    headers: dict[str, str]
    process: subprocess.Popen[bytes]
    # Of its processes those that count, by the name of the program.
    counted: re.Pattern[str]
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    medians: list[float] = field(default_factory=list)
    slowest: list[float] = field(default_factory=list)
    memory: float = 0.0

    def processes(self) -> list[int]:
        """Its own and those it started: all are of one session."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                name, rest = stat.read_text().split("(", 1)[1].rsplit(")", 1)
            except OSError:
                continue
            if int(rest.split()[3]) == self.process.pid and self.counted.search(name):
                found.append(int(stat.parent.name))
        return found

    def cpu_seconds(self) -> float:
        ticks = 0
        for pid in self.processes():
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / TICKS

    def resident_mib(self) -> float:
        pages = (int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in self.processes())
        return sum(pages) * PAGE / 2**20


def stop_when_told() -> None:
    """SIGTERM ends it as an error does: what was started is stopped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def program(name: str) -> Path:
    """A program of this repository: a release build if there is one."""
    found = [ROOT / "target" / kind / name for kind in ("release", "debug")]
    built = next((path for path in found if path.exists()), None)
    if built is None:
        sys.exit(f"bench-peers: {name} is not built: run make bench-peers")
    return built


def started(
    command: Sequence[str | Path], folder: Path, **environment: str
) -> subprocess.Popen[bytes]:
    """A process with a session of its own and nothing of this environment but PATH."""
    path = f"{ROOT / '.paddock/sdks/bin'}:{os.environ['PATH']}"
    log = (folder / f"{Path(command[0]).name}.log").open("wb")
    return subprocess.Popen(
        [str(part) for part in command],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder), **environment},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def ask(url: str, headers: dict[str, str], body: object, timeout: float = 10) -> dict[str, object]:
    request = urllib.request.Request(
        url, json.dumps(body).encode(), {"content-type": "application/json", **headers}
    )
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        read: dict[str, object] = json.load(answer)
        return read


def eventually(what: str, call: Callable[[], object]) -> object:
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            return call()
        except (OSError, urllib.error.HTTPError) as error:
            if time.monotonic() > until:
                sys.exit(f"bench-peers: {what} did not start: {error}")
            time.sleep(0.3)


def nothing(folder: Path) -> Gateway:
    """The upstream itself: what the load and it cost."""
    process = started([program("fake-provider"), "--listen", "127.0.0.1:19600"], folder)
    return Gateway("no gateway", "", UPSTREAM, {}, process, re.compile("fake-provider"))


def paddock(folder: Path) -> Gateway:
    process = started(
        [program("paddock-local")],
        folder,
        PADDOCK_PORT="19403",
        PADDOCK_ADMIN_KEY=ADMIN_KEY,
        PADDOCK_UPSTREAM=UPSTREAM,
        PADDOCK_UPSTREAM_KEY="none",
        PADDOCK_STATE=str(folder / "state"),
    )
    operator = {"authorization": f"Bearer {ADMIN_KEY}"}
    team = {
        "name": "peers",
        "monthly_quota_usd": 100000,
        "rate_limit_per_minute": 10000,
        "burst": 100000000,
    }
    eventually("Paddock", lambda: ask(f"{PADDOCK}/v1/namespaces", operator, team))
    key = ask(f"{PADDOCK}/v1/keys", operator, {"name": "peers", "namespace": "peers"})["key"]
    headers = {"authorization": f"Bearer {key}"}
    version = re.search(r'^version = "(.+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)
    named = version[1] if version else "?"
    # The service is counted with the filter's Envoy: without it there is no Paddock.
    return Gateway(
        "Paddock", named, f"{PADDOCK}/v1", headers, process, re.compile("^(envoy|paddock)$")
    )


def litellm(folder: Path) -> Gateway:
    config = {
        "model_list": [
            {
                "model_name": "gpt-4.1",
                "litellm_params": {
                    "model": "openai/gpt-4.1",
                    "api_base": UPSTREAM,
                    "api_key": "none",
                },
            }
        ],
        "general_settings": {"master_key": "sk-peers"},
    }
    # JSON is YAML.
    (folder / "litellm.yaml").write_text(json.dumps(config))
    command: list[str | Path] = [
        PEERS / "venv/bin/litellm",
        "--config",
        "litellm.yaml",
        "--host",
        "127.0.0.1",
    ]
    command += ["--port", "19401", "--telemetry", "False"]
    process = started(command, folder, **LITELLM_ENVIRONMENT)
    python = PEERS / "venv/bin/python"
    code = "from importlib.metadata import version; print(version('litellm'))"
    version = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    headers = {"authorization": "Bearer sk-peers"}
    url = "http://127.0.0.1:19401/v1"
    return Gateway("LiteLLM proxy", version.stdout.strip(), url, headers, process, re.compile("."))


def portkey(folder: Path) -> Gateway:
    package = PEERS / "js/node_modules/@portkey-ai/gateway"
    command: list[str | Path] = [
        "node",
        package / "build/start-server.js",
        "--port=19402",
        "--headless",
    ]
    process = started(command, folder)
    version = json.loads((package / "package.json").read_text())["version"]
    headers = {
        "authorization": "Bearer none",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": UPSTREAM,
    }
    url = "http://127.0.0.1:19402/v1"
    return Gateway("Portkey gateway", version, url, headers, process, re.compile("."))


def load(
    gateway: Gateway, connections: int, seconds: int, folder: Path
) -> tuple[float, int, float, float]:
    """Requests a second, requests, and the latencies' median and 99th percentile in milliseconds."""
    headers = "".join(
        f"wrk.headers[{json.dumps(k)}] = {json.dumps(v)}\n" for k, v in gateway.headers.items()
    )
    script = folder / "post.lua"
    script.write_text(
        f'wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\n{headers}'
        f"wrk.body = {json.dumps(json.dumps(BODY))}\n"
        "done = function(summary, latency)\n"
        "  io.write(string.format('%d %d %d %d %d\\n', summary.requests, summary.duration,\n"
        "    summary.errors.status + summary.errors.timeout + summary.errors.read + summary.errors.connect,\n"
        "    latency:percentile(50), latency:percentile(99)))\nend\n"
    )
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds}s",
        "--timeout",
        "30s",
        "-s",
        str(script),
    ]
    url = f"{gateway.url}/chat/completions"
    ran = subprocess.run([*command, url], capture_output=True, text=True, check=True)
    requests, micros, errors, median, slowest = map(
        int, ran.stdout.strip().splitlines()[-1].split()
    )
    if errors or not requests:
        sys.exit(
            f"bench-peers: {gateway.name}: {errors} of {requests} requests failed\n{ran.stdout}"
        )
    return requests / micros * 1e6, requests, median / 1000, slowest / 1000


def measure(gateway: Gateway, arguments: argparse.Namespace, folder: Path) -> None:
    before = gateway.cpu_seconds()
    rate, requests, _, _ = load(gateway, arguments.connections, arguments.seconds, folder)
    gateway.rates.append(rate)
    gateway.cpu.append((gateway.cpu_seconds() - before) / requests * 1e6)
    gateway.memory = max(gateway.memory, gateway.resident_mib())
    _, _, median, slowest = load(gateway, 1, arguments.seconds, folder)
    gateway.medians.append(median)
    gateway.slowest.append(slowest)


def table(gateways: list[Gateway]) -> str:
    lines = [
        "| gateway | version | requests a second | CPU µs a request | p50 ms | p99 ms | memory MiB |",
        "|---|---|---|---|---|---|---|",
    ]
    for each in gateways:
        figures = [f"{statistics.median(each.rates):.0f}", f"{statistics.median(each.cpu):.0f}"]
        figures += [
            f"{statistics.median(each.medians):.2f}",
            f"{statistics.median(each.slowest):.2f}",
        ]
        lines.append(f"| {' | '.join([each.name, each.version, *figures, f'{each.memory:.0f}'])} |")
    return "\n".join(lines)


def main() -> None:
    stop_when_told()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each load; a round has two")
    parser.add_argument(
        "--connections", type=int, default=16, help="at full load; latencies are of one"
    )
    arguments = parser.parse_args()
    gateways: list[Gateway] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            for start in (nothing, paddock, litellm, portkey):
                gateways.append(start(folder))
            for gateway in gateways:
                eventually(
                    gateway.name,
                    partial(ask, f"{gateway.url}/chat/completions", gateway.headers, BODY),
                )
                load(gateway, arguments.connections, 2, folder)
            for number in range(arguments.rounds):
                for gateway in (
                    gateways[number % len(gateways) :] + gateways[: number % len(gateways)]
                ):
                    print(
                        f"round {number + 1} of {arguments.rounds}: {gateway.name}", file=sys.stderr
                    )
                    measure(gateway, arguments, folder)
        finally:
            for gateway in gateways:
                # The session's leader: those it started end with their session.
                os.killpg(gateway.process.pid, signal.SIGTERM)
            for gateway in gateways:
                gateway.process.wait(timeout=30)
    print(table(gateways))


if __name__ == "__main__":
    main()
