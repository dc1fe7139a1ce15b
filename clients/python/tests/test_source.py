"""What is generated is up to date, types are right, versions agree."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate", "--check"],
        ["mypy", "--no-incremental"],
        ["ruff", "check", "--no-cache", "."],
        ["ruff", "format", "--no-cache", "--check", "."],
    ],
    ids=" ".join,
)
def test_the_source_passes(arguments: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=HERE, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_version_is_paddocks() -> None:
    cargo = (HERE.parent.parent / "Cargo.toml").read_text()
    version = re.search(r'^version = "(.+)"$', cargo, re.MULTILINE)
    assert version is not None
    project = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
    assert project["version"] == version[1]


def test_the_wheel_is_the_package_and_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    script = HERE.parent.parent / "scripts" / "python-wheel"
    wheels: list[Path] = []
    for number in range(2):
        subprocess.run([script, tmp_path / str(number)], check=True)
        wheels += (tmp_path / str(number)).iterdir()
    first, second = wheels
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as wheel:
        assert {entry.date_time for entry in wheel.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        names = {name.partition("/")[0] for name in wheel.namelist()}
        assert "paddock_client/py.typed" in wheel.namelist()
        wheel.extractall(tmp_path / "installed")
    assert {name.partition("-")[0] for name in names} == {"paddock_client"}
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "import paddock_client as p; print(p.__file__, p._settings.own_version())",
        ],
        env={"PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=True,
    )
    where, version = ran.stdout.split()
    assert where.startswith(str(tmp_path)) and version in first.name
