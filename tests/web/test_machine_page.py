"""The System page of an appliance: its machine, updates, network, service, backups and support."""

import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from hwtests.appliance import START_TIMEOUT_S, Appliance, wait_for
from hwtests.machine import HOSTNAME, SERIAL, Machine
from tests.web.page import PATIENCE_MS, sign_in, watch_for_faults
from tests.web.reach import overflow, settled, violations

pytestmark = pytest.mark.browser


PARTS = ("overview", "updates", "network", "service", "backups", "support")


@dataclass(frozen=True)
class Site:
    """An appliance on its machine, and pages of its administrator."""

    appliance: Appliance
    machine: Machine
    page: Page
    ended: dict[str, int] = field(default_factory=dict)

    def open(self, at: str) -> Page:
        """Go to a place, with everything loaded."""
        self.page.goto(f"{self.appliance.url}/{at}")
        expect(self.page.locator("main")).to_be_visible()
        return self.page

    def forget_updates(self, **memory: object) -> None:
        """Start the updates unit anew, with this in its memory."""
        file = self.appliance.folder / "state" / "updates" / "memory.json"
        dead = self.appliance.kill("updates")
        file.write_text(json.dumps(memory))
        self.appliance.wait_back("updates", dead, START_TIMEOUT_S)

    def wait_restarted(self) -> None:
        """Wait until the units that were ended are back, however busy the host is."""
        wait_for(lambda: dict(self.ended), START_TIMEOUT_S, "units to be ended")
        for unit, dead in self.ended.items():
            self.appliance.wait_back(unit, dead, START_TIMEOUT_S)

    def reboot_into(self, running: str, a: tuple[str, int], b: tuple[str, int]) -> None:
        """When the machine is asked to start anew, this is what comes of it."""

        def reboot(command: tuple[str, ...]) -> None:
            if "reboot" in command:
                self.machine.start_from(running, a=a, b=b)
                self.ended.update({unit: self.appliance.kill(unit) for unit in ("updates", "api")})

        self.machine.on_command = reboot


@pytest.fixture(scope="module", name="machine")
def machine_fixture(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    return Machine(tmp_path_factory.mktemp("machine"))


@pytest.fixture(scope="module", name="whole")
def whole_fixture(tmp_path_factory: pytest.TempPathFactory, machine: Machine) -> Iterator[Appliance]:
    """An appliance that has a machine below it."""
    folder = tmp_path_factory.mktemp("whole")
    with machine.running(folder), Appliance.start(folder, shards=1) as appliance:
        yield appliance


@pytest.fixture(scope="module", name="sessions")
def sessions_fixture() -> list[StorageState]:
    """The cookies of the newest session: most tests may share it, and one ends it."""
    return []


@pytest.fixture(name="site")
def site_fixture(browser: Browser, whole: Appliance, machine: Machine, sessions: list[StorageState]) -> Iterator[Site]:
    """A well machine, started from slot A, whose slot B is empty."""
    faults: list[str] = []
    known = {"storage_state": sessions[-1]} if sessions else {}
    context = browser.new_context(ignore_https_errors=True, reduced_motion="reduce", **known)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    watch_for_faults(page, faults)
    machine.commands.clear()
    machine.on_command = lambda command: None
    machine.start_from("a", a=("good", 6), b=("empty", 0))
    machine.forget_data_problem()
    site = Site(whole, machine, page)
    if whole.api.call("GET", "/api/v1/updates")["task"]["state"] != "idle":
        site.forget_updates()
    expect(site.open("#/storage").locator("h1")).to_be_visible()
    if page.get_by_role("button", name="Sign in").is_visible():
        sign_in(page, whole.url)
        sessions.append(context.storage_state())
    yield site
    context.close()
    assert faults == []


def test_the_overview_says_what_the_appliance_is_and_how(site: Site) -> None:
    page = site.open("#/system")
    expect(page.get_by_role("heading", name=HOSTNAME)).to_be_visible()
    for fact in (SERIAL, f"{HOSTNAME}.local", "slot A"):
        expect(page.get_by_text(fact)).to_be_visible()
    shard = page.get_by_role("listitem").filter(has_text="ingest-1")
    expect(shard.get_by_text("Running")).to_be_visible()
    expect(shard.get_by_text("restarted once")).to_be_visible()
    expect(page.get_by_role("meter", name=re.compile("Data partition"))).to_be_visible()


def test_a_problem_of_the_data_partition_is_on_every_page(site: Site) -> None:
    site.machine.say_data_problem("data-disk-too-small", "The disk is too small", "Connect one of 16 GB at least.")
    for place in ("#/", "#/cameras", "#/system/network"):
        page = site.open(place)
        page.reload()
        expect(page.get_by_role("alert").filter(has_text="The disk is too small")).to_contain_text("16 GB at least")


def test_the_page_waits_while_the_units_restart_and_comes_back(site: Site) -> None:
    def restart(command: tuple[str, ...]) -> None:
        if "restart" in command:
            site.ended["api"] = site.appliance.kill("api")

    site.machine.on_command = restart
    page = site.open("#/system/service")
    page.get_by_role("button", name="Restart the units").click()
    page.get_by_role("dialog").get_by_role("button", name="Restart the units").click()
    expect(page.get_by_role("heading", name="Gatehouse restarts")).to_be_visible()
    site.wait_restarted()
    expect(page.get_by_role("heading", name="Restart and power")).to_be_visible()
    expect(page.get_by_text("The recorder is back").first).to_be_attached()
    assert ("systemctl", "--no-block", "restart", "gatehouse.target") in site.machine.commands


def test_the_authority_is_taken_along_and_the_certificate_renewed(site: Site, tmp_path: Path) -> None:
    page = site.open("#/system/service")
    shown = page.locator("code.fingerprint")
    before = shown.inner_text()
    with page.expect_download() as taken:
        page.get_by_role("link", name="Download the authority").click()
    assert taken.value.suggested_filename.endswith(".crt")
    taken.value.save_as(tmp_path / "ca.crt")
    assert (tmp_path / "ca.crt").read_bytes() == (site.appliance.folder / "tls" / "ca.pem").read_bytes()
    page.get_by_role("button", name="Renew now").click()
    page.get_by_role("dialog").get_by_role("button", name="Renew").click()
    expect(shown).not_to_have_text(before)


def test_nothing_is_reset_before_the_name_is_typed(site: Site) -> None:
    page = site.open("#/system/service")
    page.get_by_role("button", name="Reset everything").click()
    dialog = page.get_by_role("dialog", name="Reset everything?")
    go = dialog.get_by_role("button", name="Reset everything")
    expect(go).to_be_disabled()
    dialog.get_by_label(re.compile("to confirm")).fill("something else")
    expect(go).to_be_disabled()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert site.machine.commands == []


def test_a_change_of_address_is_kept_only_when_somebody_says_so(site: Site) -> None:
    page = site.open("#/system/network")
    page.get_by_label("Address", exact=True).select_option(label="Fixed address")
    address = page.get_by_label("Address and length of the network")
    address.fill("192.0.2.10")
    page.get_by_role("button", name="Put in force").click()
    expect(address).to_have_attribute("aria-invalid", "true")
    expect(address).to_be_focused()

    address.fill("192.0.2.10/24")
    page.get_by_role("button", name="Put in force").click()
    expect(page.get_by_text("Keep the new network settings?")).to_be_visible()
    expect(page.get_by_role("timer")).to_contain_text("come back in")
    page.reload()
    page.get_by_role("button", name="Keep the settings").click()
    expect(page.get_by_text("Keep the new network settings?")).to_be_hidden()
    expect(page.get_by_label("Address and length of the network")).to_have_value("192.0.2.10/24")


def test_an_installed_version_is_started_and_found_running(site: Site) -> None:
    site.machine.start_from("a", a=("good", 6), b=("trial", 2), following="b")
    site.forget_updates(installed={"version": "9.9.9", "slot": "b"})
    site.reboot_into("b", a=("good", 6), b=("trial", 1))
    page = site.open("#/system/updates")
    expect(page.get_by_role("listitem").filter(has_text="Slot B").get_by_text("Starts next")).to_be_visible()
    page.get_by_role("button", name=re.compile("Restart to start")).click()
    page.get_by_role("dialog").get_by_role("button", name="Restart now").click()
    expect(page.get_by_role("heading", name="Starting the new version")).to_be_visible()
    site.wait_restarted()
    expect(page.get_by_text("It is on trial until")).to_be_visible()

    site.machine.start_from("b", a=("good", 6), b=("good", 6))
    expect(page.get_by_text("The update is complete")).to_be_visible()
    page.get_by_role("button", name="Understood").click()
    expect(page.get_by_text("The update is complete")).to_be_hidden()


def test_a_version_that_was_given_up_is_told(site: Site) -> None:
    site.machine.start_from("a", a=("good", 6), b=("trial", 2), following="b")
    site.forget_updates(installed={"version": "9.9.9", "slot": "b"})
    site.reboot_into("a", a=("good", 6), b=("bad", 0))
    page = site.open("#/system/updates")
    page.get_by_role("button", name="Restart to start 9.9.9").click()
    page.get_by_role("dialog").get_by_role("button", name="Restart now").click()
    site.wait_restarted()
    expect(page.get_by_text("The update did not hold")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Slot B").get_by_text("Not startable")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_part_can_be_used_by_everybody(site: Site, axe: str, theme: str) -> None:
    site.machine.start_from("a", a=("good", 6), b=("trial", 2), following="b")
    site.machine.say_data_problem("data-full", "The data partition is full", "Free some space.")
    found: dict[str, list[str]] = {}
    site.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    for part in PARTS:
        found[part] = violations(settled(site.open(f"#/system/{part}")), axe)
    page = site.open("#/system/service")
    page.get_by_role("button", name="Reset everything").click()
    found["reset"] = violations(page, axe)
    assert {part: faults for part, faults in found.items() if faults} == {}


def test_a_phone_shows_every_part_without_scrolling_sideways(site: Site) -> None:
    site.page.set_viewport_size({"width": 360, "height": 740})
    for part in PARTS:
        page = settled(site.open(f"#/system/{part}"))
        assert overflow(page) <= 0, part
        expect(page.get_by_role("navigation", name="Parts of").locator("[aria-current]")).to_be_in_viewport()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("holiday.jpg", b"x" * 10_000, "is no update bundle"),
        ("gatehouse.raucb", b"", "is empty or cut off"),
        ("gatehouse.raucb", b"x" * 10_000, "is no Gatehouse update"),
    ],
)
def test_what_is_no_bundle_is_refused_with_the_reason(
    site: Site, tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    page = site.open("#/system/updates")
    page.locator("input[type=file]").set_input_files(file)
    refusal = page.get_by_role("alert").filter(has_text=reason)
    expect(refusal).to_be_visible()
    expect(refusal).to_contain_text("Nothing has changed")


def test_a_file_on_its_way_can_be_given_up(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "gatehouse.raucb"
    file.write_bytes(bytes(8_000_000))
    page = site.open("#/system/updates")
    slow = page.context.new_cdp_session(page)
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 500_000}
    slow.send("Network.emulateNetworkConditions", limits)
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_role("progressbar", name="Sending the file")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Choose a bundle")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_source_is_asked_and_its_silence_explained(site: Site) -> None:
    page = site.open("#/system/updates")
    address = page.get_by_label("Address of the source")
    address.fill("http://127.0.0.1:1/")
    page.get_by_role("button", name="Save").click()
    expect(address).to_have_attribute("aria-invalid", "true")
    address.fill("https://127.0.0.1:1/")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The source is saved").first).to_be_attached()
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_role("alert").filter(has_text="does not answer")).to_be_visible()
    page.get_by_label("Address of the source").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("No source is set")).to_be_visible()


def test_a_backup_is_made_taken_along_and_put_back(site: Site, tmp_path: Path) -> None:
    page = site.open("#/system/backups")
    page.get_by_role("button", name="Make a backup").click()
    page.get_by_label(re.compile("Password of the backup")).fill("kept somewhere else")
    page.get_by_role("dialog").get_by_role("button", name="Make the backup").click()
    made = page.get_by_role("listitem").filter(has_text="Encrypted")
    with page.expect_download() as taken:
        made.get_by_role("link", name="Download").click()
    file = tmp_path / taken.value.suggested_filename
    taken.value.save_as(file)

    page.get_by_role("button", name="Restore from a file").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_label("Password of the backup", exact=True).fill("not the password")
    page.get_by_label("Replace the present settings").check()
    page.get_by_role("button", name="Restore", exact=True).click()
    expect(page.get_by_label("Password of the backup", exact=True)).to_have_attribute("aria-invalid", "true")

    page.get_by_label("Password of the backup", exact=True).fill("kept somewhere else")
    page.get_by_role("button", name="Restore", exact=True).click()
    expect(page.get_by_role("heading", name="The backup is put in place")).to_be_visible()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page, site.appliance.url)
    page.goto(f"{site.appliance.url}/#/system/backups")
    expect(page.get_by_text(re.compile("was restored on"))).to_be_visible()


def test_the_support_bundle_holds_no_password(site: Site, tmp_path: Path) -> None:
    page = site.open("#/system/support")
    with page.expect_download() as taken:
        page.get_by_role("button", name="Make and download").click()
    file = tmp_path / taken.value.suggested_filename
    taken.value.save_as(file)
    with zipfile.ZipFile(file) as bundle:
        assert "condition.json" in bundle.namelist()
