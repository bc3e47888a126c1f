"""The lock files: they install what pyproject.toml asks for, and nothing of the place where they were made."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def locked(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock_has_what_the_project_needs(name: str) -> None:
    wanted = PROJECT["dependencies"] + (PROJECT["optional-dependencies"]["dev"] if "dev" in name else [])
    versions = locked(name)
    wrong = []
    for requirement in map(Requirement, wanted):
        version = versions.get(canonicalize_name(requirement.name))
        if version is None or version not in requirement.specifier:
            wrong.append(str(requirement))
    assert not wrong, "make lock"


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock_has_checksums_and_no_addresses(name: str) -> None:
    lines = (ROOT / name).read_text().splitlines()
    assert all(re.fullmatch(r"|#.*|[a-z0-9-]+==\S+ \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in lines)


def test_running_and_testing_use_the_same_versions() -> None:
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()
