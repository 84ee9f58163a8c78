"""The bus on the real broker: what holds while it is there, and what holds while it is not."""

import asyncio
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from appliance.core.bus import Bus, Subscription
from appliance.core.clock import SystemClock
from appliance.core.errors import ProblemError
from appliance.core.events import new_event
from appliance.core.tasks import Backoff
from appliance.db.outbox import Outbox
from tests.bus.broker import Broker, running, until

CLOCK = SystemClock()


async def test_events_reach_those_who_listen(broker: Broker) -> None:
    await broker.credentials()
    async with running(broker.bus("ingest-0")) as sender, running(broker.bus("api")) as hearer, asyncio.timeout(20):
        await hearer.wait_connected()
        async with hearer.subscribe("event/+/camera/+") as events:
            event = new_event(CLOCK, "ingest-0", "camera/lost", {"camera": "front"})
            sender.publish(event)
            topic, data = await anext(events)
    assert topic == "gatehouse/event/ingest-0/camera/lost"
    assert data["id"] == event.id
    assert data["data"] == {"camera": "front"}


async def test_a_request_is_answered_and_a_refusal_keeps_its_remedy(broker: Broker) -> None:
    await broker.credentials()
    server = broker.bus("ingest-0")

    async def double(data: Any) -> Any:
        return data["number"] * 2

    async def refuse(data: Any) -> Any:
        raise ProblemError("no", "Not today", remedy="Come back tomorrow", status=409)

    async def break_down(data: Any) -> Any:
        raise KeyError("inside")

    server.handle("double", double)
    server.handle("refuse", refuse)
    server.handle("break", break_down)
    async with running(server), running(broker.bus("api")) as asker:
        await asyncio.wait_for(server.wait_connected(), 20)
        assert await asker.request("ingest-0", "double", {"number": 21}, 10) == 42
        with pytest.raises(ProblemError, match="no: Not today") as refused:
            await asker.request("ingest-0", "refuse", {}, 10)
        assert (refused.value.remedy, refused.value.status) == ("Come back tomorrow", 409)
        with pytest.raises(ProblemError, match="internal"):
            await asker.request("ingest-0", "break", {}, 10)
        with pytest.raises(ProblemError, match="unknown-verb"):
            await asker.request("ingest-0", "surprise", {}, 10)


async def test_a_request_to_a_unit_that_is_gone_ends_at_its_deadline(broker: Broker) -> None:
    await broker.credentials()
    async with running(broker.bus("api")) as asker:
        await asyncio.wait_for(asker.wait_connected(), 20)
        with pytest.raises(ProblemError, match="unit-not-answering") as caught:
            await asker.request("ingest-1", "double", {}, 0.2)
        assert caught.value.remedy


async def test_a_request_that_has_expired_is_not_carried_out(broker: Broker) -> None:
    await broker.credentials()
    server = broker.bus("ingest-0")
    carried_out: list[Any] = []
    first, release = asyncio.Event(), asyncio.Event()

    async def note(data: Any) -> None:
        carried_out.append(data)
        if len(carried_out) <= 16:
            first.set()
            await release.wait()

    server.handle("note", note)
    async with running(server), running(broker.bus("api")) as asker, asyncio.timeout(20):
        await server.wait_connected()
        blockers = [asyncio.create_task(asker.request("ingest-0", "note", n, 10)) for n in range(16)]
        await until(lambda: len(carried_out) == 16)
        with pytest.raises(ProblemError, match="unit-not-answering"):
            await asker.request("ingest-0", "note", "late", 0.1)
        release.set()
        await asyncio.gather(*blockers)
        await asker.request("ingest-0", "note", "fresh", 10)
    assert "late" not in carried_out
    assert carried_out[-1] == "fresh"


async def test_a_malformed_request_ends_nothing(broker: Broker) -> None:
    await broker.credentials()
    server = broker.bus("ingest-0")

    async def echo(data: Any) -> Any:
        return data

    server.handle("echo", echo)
    async with running(server), asyncio.timeout(30):
        await server.wait_connected()
        async with aiomqtt.Client(
            str(broker.paths.bus_socket),
            1,
            transport="unix",
            username="api",
            password=broker.paths.bus_credential("api").read_text(),
            protocol=aiomqtt.ProtocolVersion.V5,
        ) as raw:
            for payload, deadline in ((b"[" * 100_000, "1"), (b'"\xff"', ""), (b"1", "²"), (b"1", "9" * 400)):
                properties = Properties(PacketTypes.PUBLISH)
                properties.UserProperty = [("deadline_us", deadline)]
                await raw.publish("gatehouse/request/ingest-0/echo", payload, qos=1, properties=properties)
        async with running(broker.bus("api")) as asker:
            assert await asker.request("ingest-0", "echo", 7, 10) == 7


async def test_state_is_kept_for_those_who_come_later_and_survives_the_brokers_death(broker: Broker) -> None:
    await broker.credentials()
    async with running(broker.bus("ingest-0")) as unit:
        await asyncio.wait_for(unit.wait_connected(), 20)
        unit.set_state("camera/front", {"status": "streaming"})
        for _ in range(2):
            async with running(broker.bus("api")) as late, asyncio.timeout(30):
                await late.wait_connected()
                async with late.subscribe("state/ingest-0/camera/+") as states:
                    assert (await anext(states))[1] == {"status": "streaming"}
            broker.kill()
            await until(lambda: not unit.connected)
            broker.start()
            await asyncio.wait_for(unit.wait_connected(), 30)


async def test_the_death_of_a_unit_is_said_by_the_broker(broker: Broker) -> None:
    await broker.credentials()
    async with running(broker.bus("api")) as hearer, asyncio.timeout(30):
        await hearer.wait_connected()
        async with hearer.subscribe("state/ingest-0/alive") as states:
            unit = broker.process("ingest-0")
            assert (await anext(states))[1] == {"alive": True}
            unit.kill()
            assert (await anext(states))[1] == {"alive": False}
            unit.wait()


async def test_nothing_owed_is_lost_while_the_broker_is_gone(broker: Broker) -> None:
    await broker.credentials()
    outbox = Outbox(broker.paths.state / "ingest-0" / "outbox.db")
    await outbox.open()
    sent = [new_event(CLOCK, "ingest-0", "camera/lost", {"number": n}) for n in range(60)]
    heard: list[int] = []
    unit, hearer = broker.bus("ingest-0"), broker.bus("api")
    async with running(unit), running(hearer), asyncio.timeout(60):
        await hearer.wait_connected()
        async with hearer.subscribe("event/ingest-0/camera/lost") as events:
            pump = asyncio.create_task(outbox.pump(unit))
            for event in sent[:20]:
                await outbox.put(event)
            await _collect(events, heard, 20)
            await _stopped(pump)
            broker.kill()
            await until(lambda: not unit.connected and not hearer.connected)
            for event in sent[20:]:
                await outbox.put(event)
            broker.start()
            await hearer.wait_connected()  # the broker keeps nothing for a listener that is not there yet
            pump = asyncio.create_task(outbox.pump(unit))
            await _collect(events, heard, len(sent))
            await _stopped(pump)
    await outbox.close()
    assert heard == list(range(60))


class BreakingBus(Bus):
    """Its connection breaks at the very instant at which it is cancelled, as when all units are stopped at once."""

    async def _session(self, backoff: Backoff) -> None:
        self.begun.set()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._break())
            await asyncio.sleep(3600)

    async def _break(self) -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            raise aiomqtt.MqttError("the broker was stopped as well") from None

    begun: asyncio.Event


async def test_a_bus_that_is_cancelled_as_it_breaks_ends(tmp_path: Path) -> None:
    bus = BreakingBus("api", tmp_path / "none", tmp_path / "none", SystemClock())
    bus.begun = asyncio.Event()
    task = asyncio.create_task(bus.run())
    async with asyncio.timeout(10):
        await bus.begun.wait()
        await _stopped(task)


async def _stopped(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _collect(events: Subscription, heard: list[int], wanted: int) -> None:
    """Numbers in the order of their first arrival: delivery is at least once."""
    async for _, data in events:
        if data["data"]["number"] not in heard:
            heard.append(data["data"]["number"])
        if len(heard) == wanted:
            return


async def test_what_was_owed_when_the_process_died_is_delivered_by_its_successor(broker: Broker) -> None:
    await broker.credentials()
    path = broker.paths.state / "ingest-0" / "outbox.db"
    first = Outbox(path)
    await first.open()
    event = new_event(CLOCK, "ingest-0", "camera/lost", {"camera": "front"})
    await first.put(event)
    await first.close()
    second = Outbox(path)
    await second.open()
    async with running(broker.bus("ingest-0")) as unit, running(broker.bus("api")) as hearer, asyncio.timeout(30):
        await hearer.wait_connected()
        async with hearer.subscribe("event/#") as events:
            pump = asyncio.create_task(second.pump(unit))
            assert (await anext(events))[1]["id"] == event.id
            pump.cancel()
            await asyncio.gather(pump, return_exceptions=True)
    await second.close()


async def test_a_unit_cannot_speak_as_another(broker: Broker) -> None:
    await broker.credentials()
    impostor = broker.bus("ingest-0")
    async with running(impostor), running(broker.bus("api")) as hearer, asyncio.timeout(30):
        await hearer.wait_connected()
        await impostor.wait_connected()
        async with hearer.subscribe("event/#") as events:
            client = impostor._client
            assert client is not None
            await client.publish("gatehouse/event/api/config/changed", b'{"forged":true}', qos=1)
            honest = new_event(CLOCK, "ingest-0", "camera/found", {})
            impostor.publish(honest)
            assert (await anext(events))[1]["id"] == honest.id


async def test_a_unit_with_the_wrong_password_is_not_let_in(broker: Broker) -> None:
    await broker.credentials()
    async with running(broker.bus("ingest-0", credential_of="api")) as stranger:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stranger.wait_connected(), 1.5)


async def test_passwords_are_kept_over_a_restart_so_that_nobody_is_locked_out(broker: Broker) -> None:
    await broker.credentials()
    credential = broker.paths.bus_credential("api")
    before = credential.read_text()
    assert credential.parent.stat().st_mode & 0o777 == 0o700
    broker.kill()
    broker.start()
    async with running(broker.bus("api")) as unit:
        await asyncio.wait_for(unit.wait_connected(), 30)
    assert credential.read_text() == before
