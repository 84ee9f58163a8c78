"""What root makes in a unit's room is the unit's own."""

import os
from pathlib import Path

import pytest

from appliance.backup.model import Kind
from appliance.condition.ownership import as_owner
from tests.cli.running import Shell

SOMEBODY = 12345
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@only_root
def test_a_backup_that_root_makes_belongs_to_whom_its_folder_does(shell: Shell) -> None:
    for path in (shell.data, *shell.data.rglob("*")):
        os.chown(path, SOMEBODY, SOMEBODY)
    for folder in (shell.data.parent, *shell.data.parent.parents[:2]):
        folder.chmod(0o755)
    made = shell.run("backup", "create", "--kind", Kind.NIGHTLY.value)
    assert made.status == 0, made.err
    files = [*(shell.data / "backups").rglob("*"), shell.data / "backups"]
    assert {file.stat().st_uid for file in files} == {SOMEBODY}
    restored = shell.run("backup", "restore", made.out.strip(), "--yes")
    assert restored.status == 0, restored.err
    assert {file.stat().st_uid for file in (shell.data / "restore").rglob("*")} == {SOMEBODY}


@only_root
def test_the_rights_come_back(tmp_path: Path) -> None:
    os.chown(tmp_path, SOMEBODY, SOMEBODY)
    with as_owner(tmp_path / "not there yet"):
        assert (os.geteuid(), os.getegid()) == (SOMEBODY, SOMEBODY)
        with pytest.raises(PermissionError):
            Path("/root/x").write_text("")
    assert (os.geteuid(), os.getegid()) == (0, 0)
