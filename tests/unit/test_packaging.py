"""The distribution: what it ships, what it must not collide with, what its lock pins, and the compose file."""

import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest
import yaml

from tests.support.project import OURS, PROJECT, ROOT, copy_packages

pytestmark = pytest.mark.unit


def top_level_names(files: list[str]) -> set[str]:
    return {name.split("/")[0].removesuffix(".py") for name in files if not name.startswith("..")}


def test_no_dependency_ships_a_package_of_our_name() -> None:
    others = [d for d in distributions() if d.metadata["Name"] != "sluicegate"]
    shipped = {d.metadata["Name"]: top_level_names([str(f) for f in d.files or ()]) for d in others}
    assert "neo4j" in shipped["neo4j"], "the look into the distributions works"
    assert {name: found for name, tops in shipped.items() if (found := tops & set(OURS))} == {}


def test_the_wheel_ships_every_file_of_the_five_packages(tmp_path: Path) -> None:
    copy = copy_packages(tmp_path)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)
    (wheel,) = (copy / "dist").glob("sluicegate-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        shipped = set(archive.namelist())
        entry_points = archive.read(next(n for n in shipped if n.endswith("entry_points.txt"))).decode()
    kept = {str(p.relative_to(copy)) for name in OURS for p in (copy / name).rglob("*") if p.is_file()}
    assert {"hub/graph/neo4j.lock", "hub/graph/neo4j-log.xml", "hub/py.typed"} <= kept
    assert kept - shipped == set()
    assert {name.split("/")[0] for name in shipped if ".dist-info" not in name} == set(OURS)
    assert any(name.endswith("licenses/LICENSE") for name in shipped)
    assert "sluicegate = hub.cli.main:main" in entry_points


def test_the_lock_holds_every_dependency_with_hashes_and_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    pinned = re.findall(r"^([a-z0-9][a-z0-9.-]*)==\S+.*\\\n    --hash=sha256:[0-9a-f]{64}", lock, re.MULTILINE)
    assert len(pinned) == len(re.findall(r"^[a-z0-9].*==", lock, re.MULTILINE))
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [*PROJECT["project"]["dependencies"], *extras["test"], *extras["build"]]
    names = {re.split(r"[\[<>=;! ]", line)[0].lower().replace("_", "-") for line in wanted}
    assert names - set(pinned) == set()
    assert re.findall(r"://|^--|find-links|index-url", lock, re.MULTILINE) == []


LOCKS = (
    "bench/peers/requirements.lock",
    "bench/peers/neo4j_graphql/package-lock.json",
    "hub/console/files/editor/package-lock.json",
    "tests/conformance/clients/package-lock.json",
    "tests/conformance/clients/generators/package-lock.json",
    "tests/conformance/provider/package-lock.json",
    "tests/conformance/clients/generators/requirements.lock",
    "tests/conformance/scanners/requirements.lock",
)


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_of_what_is_fetched_beside_holds_an_address(lock: str) -> None:
    assert "://" not in (ROOT / lock).read_text("utf-8")


def test_docker_compose() -> None:
    """Structure first, by ourselves; then by docker-compose where there is one."""
    composed = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    assert set(composed["services"]) == {"neo4j", "postgres", "hub"}
    assert "ports" not in composed["services"]["postgres"], "the log's server is for the hub alone"
    for name, service in composed["services"].items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        assert service["healthcheck"]["test"], name
        assert set(service["secrets"]) <= set(composed["secrets"]), name
        volumes = {volume.split(":")[0] for volume in service["volumes"] if not volume.startswith(".")}
        assert volumes <= set(composed["volumes"]), name
        assert not [key for key in service["environment"] if key.endswith("PASSWORD")], name
    program = shutil.which("docker-compose")
    if program:
        subprocess.run([program, "config", "-q"], cwd=ROOT, check=True, capture_output=True, timeout=120)


def test_docker_compose_speaks_of_the_locked_neo4j_and_of_known_settings() -> None:
    from hub.graph.jars import graph_version, read_lock
    from hub.home.setting_faults import PREFIX
    from hub.home.settings import Settings

    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    assert services["neo4j"]["image"] == f"neo4j:{graph_version(read_lock())}-community"
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert {name for name in services["hub"]["environment"] if name.startswith(PREFIX)} - known == set()
