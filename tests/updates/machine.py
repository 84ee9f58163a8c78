"""An appliance with two slots in files: running in `a`, with `b` empty."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import appliance
from appliance.core.bus import Bus
from appliance.core.clock import ManualClock
from appliance.core.errors import ProblemError
from appliance.slots.block_device import change_variables, read_variables
from appliance.slots.environment_block import format_block
from appliance.slots.model import FACTORY, marked_good, next_start
from appliance.slots.report import publish
from appliance.updates.announcer import Announcer
from appliance.updates.download import Downloader
from appliance.updates.files import UpdateFiles
from appliance.updates.memory import Memory, Notebook
from appliance.updates.model import Source, Status, Task
from appliance.updates.rauc import Progress
from appliance.updates.slots import Slots, read_slots
from appliance.updates.updater import BackUp, Updater
from tests.updates import stand_in
from tests.updates.bundles import Workshop

RUNNING = "1.2.0"


@dataclass
class Installer:
    """The stand-in, without a process between."""

    state: Path

    async def start(self, bundle: Path) -> None:
        assert bundle.exists()
        stand_in.start(self.state, str(bundle))

    async def progress(self) -> Progress:
        busy, percent, error = stand_in.progress(self.state)
        return Progress(busy, percent, "", error)


class Noting(Announcer):
    """Keeps every task that was shown."""

    def __init__(self, shown: list[Task], *rest: Any) -> None:
        super().__init__(*rest)
        self._shown = shown

    def say(self, task: Task, source: Source, memory: Memory) -> Status:
        self._shown.append(task)
        return super().say(task, source, memory)


@dataclass
class Machine:
    """The slots, and an updater on them; `boot` starts what the boot loader would."""

    folder: Path
    workshop: Workshop
    downloader: Downloader = field(default_factory=Downloader)
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    shown: list[Task] = field(default_factory=list)
    clock: ManualClock = field(default_factory=ManualClock)

    backups: int = 0
    backup_problem: ProblemError | None = None

    def __post_init__(self) -> None:
        self.environment = {
            "GATEHOUSE_BOOTENV": str(self.folder / "bootenv"),
            "GATEHOUSE_CMDLINE": str(self.folder / "cmdline"),
            "GATEHOUSE_SLOTS_REPORT": str(self.folder / "slots.json"),
            stand_in.STATE_VARIABLE: str(self.folder / "stand-in.json"),
        }

    @classmethod
    def make(cls, folder: Path, workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> "Machine":
        folder.mkdir(exist_ok=True)
        machine = cls(folder, workshop)
        for name, value in machine.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(appliance, "__version__", RUNNING)
        (folder / "bootenv").write_bytes(format_block(FACTORY))
        (folder / "cmdline").write_text("gatehouse.slot=a")
        publish(FACTORY)
        machine.files.prepare()
        return machine

    @property
    def files(self) -> UpdateFiles:
        return UpdateFiles(self.folder / "updates")

    @property
    def plan(self) -> Path:
        """What the stand-in does."""
        return self.folder / "stand-in.json"

    def slots(self) -> Slots:
        return read_slots(self.folder / "slots.json", self.folder / "status.raucs")

    def boot(self, *, healthy: bool = True) -> str:
        """Start once more; returns the slot."""
        start = next_start(read_variables(self.folder / "bootenv"))
        (self.folder / "cmdline").write_text(f"gatehouse.slot={start.slot}")

        def change(_: object) -> dict[str, str]:
            return marked_good(start.variables, start.slot) if healthy else start.variables

        publish(change_variables(self.folder / "bootenv", change))
        return start.slot

    def updater(
        self, bus: Bus | None = None, files: UpdateFiles | None = None, back_up: BackUp | None = None
    ) -> Updater:
        """A new process of the unit. bus: one that is there; files: where the api unit leaves them."""
        bus = bus or Bus("updates", self.folder / "no.sock", self.folder / "no-credential", self.clock)

        async def tell(kind: str, data: dict[str, Any]) -> None:
            self.told.append((kind, data))

        notebook = Notebook(self.folder / "memory.json")
        announcer = Noting(self.shown, bus, self.clock, self.slots)
        return Updater(
            files=files or self.files,
            notebook=notebook,
            announcer=announcer,
            installer=Installer(self.plan),
            downloader=self.downloader,
            slots=self.slots,
            tell=tell,
            back_up=back_up or self._backed_up,
            clock=self.clock,
            configuration=self.workshop.configuration,
            poll_s=0.01,
        )

    async def _backed_up(self) -> None:
        self.backups += 1
        if self.backup_problem is not None:
            raise self.backup_problem

    def sent(self, bundle: Path | bytes) -> str:
        """As the api unit leaves a bundle; returns its name."""
        _, whole = self.files.new_incoming(self.clock.now_us())
        whole.write_bytes(bundle if isinstance(bundle, bytes) else bundle.read_bytes())
        return whole.name

    def plan_to(self, **plan: Any) -> None:
        """hold: the percentage at which it stands still. error: what it fails with."""
        known = json.loads(self.plan.read_text()) if self.plan.exists() else {}
        self.plan.write_text(json.dumps({**known, **plan}))

    @property
    def leftovers(self) -> list[str]:
        """The files below `updates`."""
        return sorted(path.name for path in self.files.folder.rglob("*") if path.is_file())
