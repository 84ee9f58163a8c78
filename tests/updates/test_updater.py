"""From a file or a source into the other slot: every way it can go, and being killed on each of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance.core.errors import ProblemError
from appliance.slots.block_device import change_variables, read_variables
from appliance.slots.model import made_primary
from appliance.updates.download import Downloader
from appliance.updates.model import Source
from appliance.updates.updater import Updater
from tests.updates.bundles import Keys, Workshop, changed, cut, unsigned
from tests.updates.machine import RUNNING, Machine
from tests.updates.source import offering


@pytest.fixture(name="machine")
def machine_fixture(tmp_path: Path, workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine.make(tmp_path / "machine", workshop, monkeypatch)


@asynccontextmanager
async def running(machine: Machine) -> AsyncIterator[Updater]:
    """The unit at work; leaving it is a kill."""
    updater = machine.updater()

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            await updater.recover(group)
            started.set()
            await asyncio.Event().wait()

    started = asyncio.Event()
    unit = asyncio.create_task(run())
    await started.wait()
    try:
        yield updater
    finally:
        unit.cancel()
        await asyncio.gather(unit, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def ended(updater: Updater) -> None:
    await until(lambda: updater.task.state in ("failed", "restart-needed", "idle"))


async def test_a_good_bundle_is_installed_started_and_kept(machine: Machine, workshop: Workshop) -> None:
    async with running(machine) as updater:
        status = await updater.accept(machine.sent(workshop.bundle("1.3.0")))
        assert (status.task.state, status.task.version) == ("checking", "1.3.0")
        await ended(updater)
        assert (updater.task.state, updater.task.version) == ("restart-needed", "1.3.0")
        assert machine.leftovers == []
    assert machine.backups == 1
    steps = [task.state for task in machine.shown]
    assert sorted(set(steps), key=steps.index) == ["idle", "checking", "installing", "restart-needed"]
    assert machine.boot() == "b"
    async with running(machine) as updater:
        await updater.settle()
        assert updater.task.state == "idle"
    assert machine.told == [("updates/installed", {"version": "1.3.0", "slot": "b"})]


async def test_a_version_that_does_not_become_healthy_is_told_of(machine: Machine, workshop: Workshop) -> None:
    async with running(machine) as updater:
        await updater.accept(machine.sent(workshop.bundle("1.3.0")))
        await ended(updater)
    for _ in range(2):
        assert machine.boot(healthy=False) == "b"
        async with running(machine) as updater:
            assert updater.task.state == "idle"
    assert machine.boot() == "a"
    async with running(machine) as updater:
        problem = updater.task.problem
        assert problem is not None
        assert (updater.task.state, problem["code"]) == ("failed", "update-not-healthy")
        assert "1.3.0" in problem["title"] and RUNNING in problem["title"]
        await updater.accept(machine.sent(workshop.bundle("1.3.1")))
        await ended(updater)
        assert updater.task.state == "restart-needed"
    assert [kind for kind, _ in machine.told] == ["updates/failed"]


async def refusal(machine: Machine, bundle: Path | bytes) -> str:
    """The code of the refusal; nothing may be left, and no slot touched."""
    before = read_variables(machine.folder / "bootenv")
    async with running(machine) as updater:
        try:
            await updater.accept(machine.sent(bundle))
        except ProblemError as problem:
            assert updater.task.problem == problem.to_json()
        await ended(updater)
        assert updater.task.state == "failed"
        assert updater.task.problem is not None
        assert machine.leftovers == []
    assert read_variables(machine.folder / "bootenv") == before
    return str(updater.task.problem["code"])


async def test_bad_bundles_are_refused_with_their_reason(machine: Machine, workshop: Workshop, tmp_path: Path) -> None:
    good, file = workshop.bundle(), tmp_path / "x"
    assert await refusal(machine, cut(good, 100_000, file)) == "bundle-truncated"
    assert await refusal(machine, changed(good, 150_000, file)) == "bundle-tampered"
    assert await refusal(machine, changed(good, -40, file)) == "bundle-tampered"
    assert await refusal(machine, unsigned(tmp_path)) == "bundle-unsigned"
    assert await refusal(machine, workshop.bundle(keys=Keys.make(tmp_path / "foreign"))) == "bundle-foreign"
    assert await refusal(machine, workshop.bundle(arch="arm64")) == "bundle-wrong-device"
    assert await refusal(machine, workshop.bundle("0.9.9")) == "bundle-downgrade"
    assert await refusal(machine, workshop.bundle("next")) == "bundle-version"
    assert await refusal(machine, b"no bundle at all") == "not-a-bundle"


async def test_an_older_version_above_the_floor_may_be_installed(machine: Machine, workshop: Workshop) -> None:
    async with running(machine) as updater:
        await updater.accept(machine.sent(workshop.bundle("1.1.0")))
        await ended(updater)
        assert updater.task.state == "restart-needed"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("Installation error: Pre-install handler error: Child process exited with code 11", "bundle-downgrade"),
        ("Installation error: Pre-install handler error: Child process exited with code 12", "running-on-trial"),
        ("Installation error: Failed updating slot rootfs.1: Input/output error", "not-installed"),
    ],
)
async def test_what_rauc_fails_with_is_told(machine: Machine, workshop: Workshop, error: str, code: str) -> None:
    machine.plan_to(error=error)
    async with running(machine) as updater:
        await updater.accept(machine.sent(workshop.bundle()))
        await ended(updater)
        assert updater.task.problem is not None
        assert updater.task.problem["code"] == code
        assert machine.leftovers == []


async def test_an_asker_who_waits_no_longer_leaves_nothing(machine: Machine, workshop: Workshop) -> None:
    async with running(machine) as updater:
        asking = asyncio.create_task(updater.accept(machine.sent(workshop.bundle())))
        await until(lambda: updater.task.state == "checking")
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert updater.task.state == "idle"
        assert machine.leftovers == []
        await updater.accept(machine.sent(workshop.bundle()))


async def test_without_room_for_a_backup_nothing_is_written(machine: Machine, workshop: Workshop) -> None:
    machine.backup_problem = ProblemError("disk-full", "The disk is full", remedy="Free some space.", status=507)
    assert await refusal(machine, workshop.bundle()) == "disk-full"


async def test_one_at_a_time_and_none_while_one_waits_for_a_restart(machine: Machine, workshop: Workshop) -> None:
    machine.plan_to(hold=50)
    async with running(machine) as updater:
        await updater.accept(machine.sent(workshop.bundle()))
        with pytest.raises(ProblemError, match="update-busy"):
            await updater.accept(machine.sent(workshop.bundle()))
        await until(lambda: updater.task.percent == 50)
        with pytest.raises(ProblemError, match="not-cancellable"):
            updater.cancel()
        machine.plan_to(hold=None)
        await ended(updater)
        with pytest.raises(ProblemError, match="restart-needed"):
            await updater.accept(machine.sent(workshop.bundle()))
        assert updater.task.state == "restart-needed"


async def test_nothing_is_installed_while_the_running_version_is_on_trial(machine: Machine, workshop: Workshop) -> None:
    variables = made_primary(read_variables(machine.folder / "bootenv"), "a")
    change_variables(machine.folder / "bootenv", lambda _: variables)
    machine.boot(healthy=False)
    assert await refusal(machine, workshop.bundle()) == "running-on-trial"


async def test_from_a_source_tree_it_is_refused(machine: Machine, workshop: Workshop) -> None:
    (machine.folder / "slots.json").unlink()
    async with running(machine) as updater:
        with pytest.raises(ProblemError, match="not-an-appliance"):
            await updater.accept(machine.sent(workshop.bundle()))
        status = updater.show()
        assert (status.running.version, status.running.slot, status.slots) == (RUNNING, None, [])
        assert status.task.state == "idle"


async def test_a_kill_while_rauc_writes_changes_nothing(machine: Machine, workshop: Workshop) -> None:
    machine.plan_to(hold=50)
    async with running(machine) as updater:
        await updater.accept(machine.sent(workshop.bundle("1.3.0")))
        await until(lambda: updater.task.percent == 50)
    machine.plan_to(hold=None)
    async with running(machine) as updater:
        assert updater.task.state == "installing"
        await ended(updater)
        assert (updater.task.state, updater.task.version) == ("restart-needed", "1.3.0")
        assert machine.leftovers == []


async def test_a_restart_of_the_machine_while_rauc_writes_is_told_of(machine: Machine, workshop: Workshop) -> None:
    machine.plan_to(hold=50)
    async with running(machine) as updater:
        await updater.accept(machine.sent(workshop.bundle("1.3.0")))
        await until(lambda: updater.task.percent == 50)
    machine.plan.unlink()
    assert machine.boot() == "a"
    async with running(machine) as updater:
        await ended(updater)
        assert updater.task.problem is not None
        assert updater.task.problem["code"] == "update-interrupted"
        assert machine.leftovers == []


async def test_a_kill_while_it_checks_leaves_nothing(machine: Machine, workshop: Workshop) -> None:
    machine.files.bundle.write_bytes(workshop.bundle().read_bytes())
    machine.files.part.write_bytes(b"of a download that nobody goes on with")
    async with running(machine) as updater:
        assert updater.task.state == "idle"
        assert machine.leftovers == []


async def test_an_offered_version_is_downloaded_and_installed(machine: Machine, workshop: Workshop) -> None:
    async with offering(machine.folder / "origin") as origin:
        origin.offer(workshop.bundle("1.3.0").read_bytes())
        machine.downloader = Downloader(origin.trust)
        async with running(machine) as updater:
            with pytest.raises(ProblemError, match="no-update-source"):
                await updater.check()
            updater.set_source(Source(url=origin.url))
            with pytest.raises(ProblemError, match="nothing-offered"):
                await updater.begin_offered()
            status = await updater.check()
            assert status.source.offered is not None
            assert (status.source.offered.version, status.source.offered.notes) == ("1.3.0", "Doors open faster.")
            assert (await updater.begin_offered()).task.state == "downloading"
            await ended(updater)
            assert updater.task.state == "restart-needed"
            assert machine.leftovers == []


async def test_the_same_or_an_older_version_is_not_offered(machine: Machine, workshop: Workshop) -> None:
    async with offering(machine.folder / "origin") as origin:
        machine.downloader = Downloader(origin.trust)
        async with running(machine) as updater:
            updater.set_source(Source(url=origin.url))
            for version in (RUNNING, "1.1.9"):
                origin.offer(b"x", version)
                status = await updater.check()
                assert status.source.offered is None
                assert status.source.checked_at is not None


async def test_a_killed_download_goes_on_by_itself(machine: Machine, workshop: Workshop) -> None:
    async with offering(machine.folder / "origin") as origin:
        origin.offer(workshop.bundle("1.3.0", kib=3000).read_bytes())
        origin.held_at = 1_500_000
        machine.downloader = Downloader(origin.trust)
        async with running(machine) as updater:
            updater.set_source(Source(url=origin.url))
            await updater.check()
            await updater.begin_offered()
            await until(lambda: (updater.task.percent or 0) >= 30)
        have = machine.files.part.stat().st_size
        machine.shown.clear()
        async with running(machine) as updater:
            await ended(updater)
            assert updater.task.state == "restart-needed"
        assert machine.shown[0].state == "downloading"
        assert origin.ranges == [None, f"bytes={have}-"]


async def test_a_cancelled_download_is_forgotten(machine: Machine, workshop: Workshop) -> None:
    async with offering(machine.folder / "origin") as origin:
        origin.offer(workshop.bundle("1.3.0").read_bytes())
        origin.held_at = 200_000
        machine.downloader = Downloader(origin.trust)
        async with running(machine) as updater:
            updater.set_source(Source(url=origin.url))
            await updater.check()
            await updater.begin_offered()
            await until(lambda: (updater.task.percent or 0) > 0)
            assert updater.cancel().task.state == "idle"
            assert machine.leftovers == []
            with pytest.raises(ProblemError, match="not-cancellable"):
                updater.cancel()
        async with running(machine) as updater:
            assert updater.task.state == "idle"


async def test_another_source_offers_nothing_yet(machine: Machine, workshop: Workshop) -> None:
    async with offering(machine.folder / "origin") as origin:
        origin.offer(workshop.bundle("1.3.0").read_bytes())
        machine.downloader = Downloader(origin.trust)
        async with running(machine) as updater:
            updater.set_source(Source(url=origin.url))
            await updater.check()
            updater.set_source(Source(url="https://elsewhere.example/"))
            shown = updater.show().source
            assert (shown.url, shown.offered, shown.checked_at) == ("https://elsewhere.example/", None, None)
