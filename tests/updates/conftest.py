from pathlib import Path

import pytest

from tests.updates.bundles import Workshop


@pytest.fixture(scope="session", name="workshop")
def workshop_fixture(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop.open(tmp_path_factory.mktemp("workshop"))


@pytest.fixture(autouse=True)
def floors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The floor is 1.0.0 here, whatever the machine of the tests has."""
    (tmp_path / "floor").write_text("1.0.0\n")
    monkeypatch.setenv("GATEHOUSE_VERSION_FLOORS", str(tmp_path / "floor"))
    return tmp_path / "floor"
