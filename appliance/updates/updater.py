"""The one update that is worked on: from a file or the source, through every check, into the other slot."""

import asyncio
import configparser
import logging
import re
import threading
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import appliance
from appliance.core.clock import Clock
from appliance.core.errors import ProblemError
from appliance.slots.admission import Refusal, refusal
from appliance.slots.model import SlotState
from appliance.updates import problems
from appliance.updates.announcer import Announcer
from appliance.updates.bundle import Bundle, inspect
from appliance.updates.download import Downloader
from appliance.updates.files import UpdateFiles
from appliance.updates.index import Index, bundle_address, index_address, is_newer
from appliance.updates.memory import Installed, Notebook
from appliance.updates.model import Source, Status, Task
from appliance.updates.payload import check_payload
from appliance.updates.rauc import Installer, Progress
from appliance.updates.slots import Slots, circumstances

log = logging.getLogger(__name__)

POLL_S = 1.0
CANCELLABLE = ("checking", "downloading")
PASSING = ("source-unreachable", "update-interrupted", "no-room", "running-on-trial")  # the bundle is not at fault
MOST_SILENCES = 10  # of RAUC, one after the other: it may be started anew
INSTALLED, FAILED = "updates/installed", "updates/failed"
_HANDLER_STATUS = re.compile(r"exited with code (\d+)")

Tell = Callable[[str, dict[str, Any]], Awaitable[None]]
BackUp = Callable[[], Awaitable[None]]


class Updater:
    """Every change of the task goes through here. Its jobs are tasks of the group that `run` is given."""

    def __init__(
        self,
        *,
        files: UpdateFiles,
        notebook: Notebook,
        announcer: Announcer,
        installer: Installer,
        downloader: Downloader,
        slots: Callable[[], Slots],
        tell: Tell,
        back_up: BackUp,
        clock: Clock,
        configuration: Path,
        poll_s: float = POLL_S,
    ) -> None:
        """tell: stores an event that is owed. back_up: raises ProblemError where it cannot. configuration: RAUC's."""
        self._files = files
        self._notebook = notebook
        self._announcer = announcer
        self._installer = installer
        self._downloader = downloader
        self._slots = slots
        self._tell = tell
        self._back_up = back_up
        self._clock = clock
        self._configuration = configuration
        self._poll_s = poll_s
        self._group: asyncio.TaskGroup | None = None
        self._job: asyncio.Task[None] | None = None
        self.source = Source()
        self.task = Task(state="failed", problem=notebook.memory.problem) if notebook.memory.problem else Task()

    # --- what may be asked --------------------------------------------------------------------------------------------

    def show(self, task: Task | None = None) -> Status:
        """Say where it stands; with a task, that this is what is done from now on."""
        if task is not None:
            self.task = task
        return self._announcer.say(self.task, self.source, self._notebook.memory)

    async def accept(self, name: str) -> Status:
        """Check a bundle that the api unit was sent, and begin to install it.

        Raises ProblemError with the reason where it is refused; what needs a look at the whole payload comes later,
        as the task's problem.
        """
        self._check_free()
        self._job = me = asyncio.current_task()
        self.show(Task(state="checking"))
        bundle: Bundle | None = None
        try:
            path = self._files.take(name)  # a renaming: in a thread it could come after the end of this
            bundle = await self._admitted(path)
        except (ProblemError, OSError) as error:
            problem = error if isinstance(error, ProblemError) else problems.not_written(error)
            await self._fail(problem, None)
            raise problem from None
        finally:
            self._job = None if self._job is me else self._job
            if bundle is None:
                self._files.discard(name)
                self._files.drop_bundle()
                if self._job is None and self.task.state == "checking":  # whoever asked waits no longer
                    self.show(Task())
        self._start(self._install(bundle), bundle.version)
        return self.show(Task(state="checking", percent=0, version=bundle.version))

    async def check(self) -> Status:
        """Ask the source what it has; raises ProblemError."""
        if self.source.url is None:
            raise problems.no_source()
        index = await self._downloader.index(index_address(self.source.url))
        offered = index if is_newer(index.version, appliance.__version__) else None
        self._notebook.note(url=self.source.url, checked_us=self._clock.now_us(), offered=offered)
        return self.show()

    async def begin_offered(self) -> Status:
        """Download what the source offers, and install it; raises ProblemError."""
        self._check_free()
        memory = self._notebook.memory
        if self.source.url is None:
            raise problems.no_source()
        if memory.offered is None or not is_newer(memory.offered.version, appliance.__version__):
            raise problems.nothing_offered()
        self._files.check_room(memory.offered.size_bytes)
        self._start(self._download(self.source.url, memory.offered), memory.offered.version)
        return self.show(Task(state="downloading", percent=0, version=memory.offered.version))

    def cancel(self) -> Status:
        """Give up what can be given up; raises ProblemError."""
        if self._job is None or self.task.state not in CANCELLABLE:
            raise problems.not_cancellable()
        self._job.cancel()
        self._job = None
        self._forget_files()
        return self.show(Task())

    def set_source(self, source: Source) -> None:
        """Look there from now on."""
        self.source = source
        if source.url != self._notebook.memory.url:
            self._notebook.note(url=source.url, checked_us=None, offered=None)
        self.show()

    @property
    def idle(self) -> bool:
        """Whether another update could be begun."""
        return self._job is None and self.task.state in ("idle", "failed") and self._slots().running is not None

    # --- at the start, and as time passes -----------------------------------------------------------------------------

    async def recover(self, group: asyncio.TaskGroup) -> None:
        """Go on where an earlier process was killed, or clear away what it left. Jobs belong to the group."""
        self._group = group
        memory = self._notebook.memory
        if memory.working == "installing":
            self._start(self._follow(memory.version or ""), memory.version)
            self.show(Task(state="installing", version=memory.version))
            return
        await asyncio.to_thread(self._files.drop_bundle)
        if memory.working == "downloading" and memory.url and memory.offered:
            self.source = Source(url=memory.url)  # until the api unit says more
            self._start(self._download(memory.url, memory.offered), memory.version)
            self.show(Task(state="downloading", version=memory.version))
            return
        await asyncio.to_thread(self._files.drop_download)
        await self.settle()

    async def settle(self) -> None:
        """Look whether an installed version waits, runs, or was given up."""
        slots, installed = self._slots(), self._notebook.memory.installed
        if self._job is None and slots.running is not None and installed is not None:
            if slots.running == installed.slot:
                await self._settle_running(slots, installed)
            elif slots.awaiting is not None:
                self.task = Task(state="restart-needed", version=installed.version)
            else:
                self._notebook.note(installed=None)
                await self._fail(problems.returned(installed.version, appliance.__version__), installed.version)
        elif self._job is None and slots.awaiting is not None:
            self.task = Task(state="restart-needed", version=slots.awaiting.version)
        self.show()

    async def _settle_running(self, slots: Slots, installed: Installed) -> None:
        """It runs; it has come to stay once it is good."""
        self.task = Task()
        if slots.by_name[installed.slot].state is SlotState.GOOD:
            self._notebook.note(installed=None, problem=None)
            await self._tell(INSTALLED, {"version": installed.version, "slot": installed.slot})

    # --- the job ------------------------------------------------------------------------------------------------------

    def _check_free(self) -> None:
        slots = self._slots()
        if slots.running is None:
            raise problems.not_here()
        if self._job is not None:
            raise problems.busy()
        if slots.awaiting is not None:
            raise problems.restart_first(slots.awaiting.version)

    def _start(self, job: Coroutine[Any, Any, None], version: str | None) -> None:
        assert self._group is not None, "recover comes first"
        self._job = self._group.create_task(self._guarded(job, version), name="update")

    async def _guarded(self, job: Coroutine[Any, Any, None], version: str | None) -> None:
        """Whatever becomes of an update, the unit lives on."""
        problem: ProblemError | None = None
        try:
            await job
        except ProblemError as error:
            problem = error
        except OSError as error:
            problem = problems.not_written(error)
        except Exception:
            log.exception("the update failed")
            problem = problems.not_installed("an error inside the unit; its log says more")
        if self._job is asyncio.current_task():
            self._job = None
        if problem is not None:
            await self._fail(problem, version)

    async def _fail(self, problem: ProblemError, version: str | None) -> None:
        log.warning("the update is not installed: %s (%s)", problem.title, problem.detail)
        told = problem.to_json()
        self._notebook.note(working=None, problem=told)
        if version is not None and problem.code not in PASSING:
            self._notebook.note(left_alone=version)
        await asyncio.to_thread(self._files.drop_bundle)
        self.show(Task(state="failed", version=version, problem=told))
        await self._tell(FAILED, {"version": version, "problem": told})

    def _forget_files(self) -> None:
        self._notebook.note(working=None, problem=None)
        self._files.drop_bundle()
        self._files.drop_download()

    async def _admitted(self, path: Path) -> Bundle:
        bundle = await inspect(path, self._configuration)
        expected = await asyncio.to_thread(_compatible, self._configuration)
        if bundle.compatible != expected:
            raise problems.wrong_device(bundle.compatible, expected)
        known = circumstances(self._slots())
        if why := refusal(bundle.version, known):
            raise _as_problem(why, bundle.version, str(known.floor))
        return bundle

    async def _download(self, url: str, index: Index) -> None:
        self._notebook.note(working="downloading", version=index.version, problem=None)

        def progress(percent: int) -> None:
            self.show(Task(state="downloading", percent=percent, version=index.version))

        await self._downloader.bundle(bundle_address(index_address(url), index), index, self._files, progress)
        path = await asyncio.to_thread(self._files.take_download)
        self.show(Task(state="checking", percent=0, version=index.version))
        await self._install(await self._admitted(path))

    async def _install(self, bundle: Bundle) -> None:
        await self._check_whole(bundle)
        await self._back_up()
        self._notebook.note(working="installing", version=bundle.version, problem=None)
        self.show(Task(state="installing", percent=0, version=bundle.version))
        await self._installer.start(self._files.bundle)
        await self._follow(bundle.version)

    async def _check_whole(self, bundle: Bundle) -> None:
        loop, stopped = asyncio.get_running_loop(), threading.Event()

        def show(percent: int) -> None:
            if not stopped.is_set():
                self.show(Task(state="checking", percent=percent, version=bundle.version))

        def progress(percent: int) -> None:
            loop.call_soon_threadsafe(show, percent)

        try:
            await asyncio.to_thread(check_payload, self._files.bundle, bundle, stopped, progress)
        finally:
            stopped.set()

    async def _follow(self, version: str) -> None:
        """Until RAUC is done. Whoever is started in the middle of it learns the same as who began it."""
        while (progress := await self._progress()).busy:
            self.show(Task(state="installing", percent=progress.percent, version=version))
            await asyncio.sleep(self._poll_s)
        slots = self._slots()
        if slots.awaiting is None or slots.next is None:
            raise _why_not(progress, version, str(circumstances(slots).floor))
        self._notebook.note(working=None, installed=Installed(version=version, slot=slots.next), left_alone=None)
        await asyncio.to_thread(self._files.drop_bundle)
        self.show(Task(state="restart-needed", version=version))

    async def _progress(self) -> Progress:
        for _ in range(MOST_SILENCES):
            try:
                return await self._installer.progress()
            except ProblemError as problem:
                log.warning("RAUC does not answer: %s", problem.detail)
                await asyncio.sleep(self._poll_s)
        return await self._installer.progress()


def _why_not(progress: Progress, version: str, floor: str) -> ProblemError:
    """RAUC's last words, as a problem."""
    if not progress.error:
        return problems.interrupted()
    status = _HANDLER_STATUS.search(progress.error)
    if status and int(status[1]) in tuple(Refusal):
        return _as_problem(Refusal(int(status[1])), version, floor)
    return problems.not_installed(progress.error)


def _as_problem(why: Refusal, version: str, floor: str) -> ProblemError:
    if why is Refusal.NO_VERSION:
        return problems.no_version(version)
    if why is Refusal.BELOW_FLOOR:
        return problems.downgrade(version, floor)
    return problems.on_trial()


def _compatible(configuration: Path) -> str:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(configuration.read_text())
        return parser.get("system", "compatible")
    except (OSError, ValueError, configparser.Error):
        raise problems.not_installed("RAUC's configuration cannot be read") from None
