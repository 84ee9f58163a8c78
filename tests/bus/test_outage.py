"""The broker is killed, stays away and comes back; units send rubbish: no unit dies of it and nothing owed is lost."""

import asyncio
import random
from typing import Any

import aiomqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from appliance.bus.unit import end_when_silent
from appliance.core.bus import MAX_PAYLOAD_BYTES, Bus
from appliance.core.clock import SystemClock
from appliance.core.errors import ProblemError
from appliance.core.events import new_event
from appliance.db.outbox import Outbox
from tests.bus.broker import Broker, running, until

CLOCK = SystemClock()


def owed(number: int) -> Any:
    return new_event(CLOCK, "ingest-0", "camera/lost", {"number": number})


async def test_owed_events_arrive_once_and_in_order_though_the_broker_is_killed_again_and_again(broker: Broker) -> None:
    await broker.credentials()
    outbox = Outbox(broker.paths.state / "ingest-0" / "outbox.db")
    await outbox.open()
    rng, heard = random.Random(7), dict[str, int]()
    unit, hearer = broker.bus("ingest-0"), broker.bus("api")
    async with hearer.subscribe("event/#") as events, running(unit) as sender, running(hearer), asyncio.timeout(100):

        async def hear() -> None:
            async for _, data in events:
                heard.setdefault(data["id"], data["data"]["number"])

        tasks = [asyncio.create_task(work) for work in (outbox.pump(unit), hear())]
        for number in range(120):
            await outbox.put(owed(number))
            if number % 40 == 20:
                await until(lambda least=rng.randrange(number): len(heard) > least)  # type: ignore[misc]
                broker.kill()
            if number % 40 == 30:
                broker.start()
        await until(lambda: len(heard) == 120, 60)
        assert not any(task.done() for task in tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert sender.dropped == 0
    await outbox.close()
    assert list(heard.values()) == list(range(120))


async def test_an_owed_event_waits_for_the_unit_that_is_owed_it(broker: Broker) -> None:
    await broker.credentials()
    outbox = Outbox(broker.paths.state / "ingest-0" / "outbox.db")
    await outbox.open()
    await outbox.put(owed(1))
    async with running(broker.bus("ingest-0")) as unit, asyncio.timeout(40):
        pump = asyncio.create_task(outbox.pump(unit))
        await unit.wait_connected()
        late = broker.bus("api")
        async with late.subscribe("event/#") as events, running(late):
            assert (await anext(events))[1]["data"] == {"number": 1}
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)
    await outbox.close()


async def test_what_is_said_and_asked_for_while_the_broker_is_away_counts_when_it_returns(broker: Broker) -> None:
    await broker.credentials()
    async with running(broker.bus("ingest-0")) as unit, running(broker.bus("api")) as hearer, asyncio.timeout(60):
        await unit.wait_connected()
        await hearer.wait_connected()
        broker.kill()
        await until(lambda: not unit.connected and not hearer.connected)
        async with hearer.subscribe("state/ingest-0/camera/+") as states, hearer.subscribe("event/#") as events:
            for number in range(3):
                unit.set_state("camera/front", {"number": number})
            unit.publish(event := new_event(CLOCK, "ingest-0", "camera/found", {}))
            broker.start()
            assert (await anext(states))[1] == {"number": 2}
            await hearer.wait_connected()
            if not events.queue.empty():  # an event that nobody is owed may be lost, but never changed
                assert (await anext(events))[1]["id"] == event.id
            unit.set_state("camera/front", {"number": 3})
            while (await anext(states))[1] != {"number": 3}:
                pass


async def test_a_request_made_while_the_broker_is_away_is_answered_when_it_returns_in_time(broker: Broker) -> None:
    await broker.credentials()
    server = broker.bus("ingest-0")

    async def echo(data: Any) -> Any:
        return data

    server.handle("echo", echo)
    async with running(server), running(broker.bus("api")) as asker, asyncio.timeout(60):
        await asker.wait_connected()
        broker.kill()
        await until(lambda: not asker.connected)
        asking = asyncio.create_task(asker.request("ingest-0", "echo", "hello", 30))
        with pytest.raises(ProblemError, match="unit-not-answering"):
            await asker.request("ingest-0", "echo", "too soon", 0.1)
        broker.start()
        await server.wait_connected()
        assert await asking == "hello"


async def test_overlapping_subscriptions_hear_each_message_once(broker: Broker) -> None:
    await broker.credentials()
    async with running(broker.bus("ingest-0")) as sender, running(broker.bus("api")) as hearer, asyncio.timeout(20):
        await hearer.wait_connected()
        async with hearer.subscribe("event/#") as wide, hearer.subscribe("event/+/camera/+") as narrow:
            for kind in ("camera/lost", "recording/failed", "camera/found"):
                sender.publish(new_event(CLOCK, "ingest-0", kind, {}))
            assert [(await anext(wide))[1]["type"] for _ in range(3)] == [
                "camera/lost",
                "recording/failed",
                "camera/found",
            ]
            assert [(await anext(narrow))[1]["type"] for _ in range(2)] == ["camera/lost", "camera/found"]
            assert wide.queue.empty()
            assert narrow.queue.empty()


async def test_what_nobody_reads_any_more_is_not_sent_any_more(broker: Broker) -> None:
    await broker.credentials()
    async with running(broker.bus("ingest-0")) as sender, running(broker.bus("api")) as hearer, asyncio.timeout(20):
        await hearer.wait_connected()
        async with hearer.subscribe("event/#") as staying:
            async with hearer.subscribe("event/+/camera/+") as first, hearer.subscribe("event/+/camera/+"):
                pass
            sender.publish(new_event(CLOCK, "ingest-0", "camera/lost", {}))
            await anext(staying)
            assert first.queue.empty()


async def test_a_handler_that_hangs_is_ended_at_the_deadline_and_leaves_its_place(broker: Broker) -> None:
    await broker.credentials()
    server, ended = broker.bus("ingest-0"), list[int]()

    async def hang(data: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(data)

    async def echo(data: Any) -> Any:
        return data

    server.handle("hang", hang)
    server.handle("echo", echo)
    async with running(server), running(broker.bus("api")) as asker, asyncio.timeout(30):
        await server.wait_connected()
        await asker.wait_connected()
        asked = [asker.request("ingest-0", "hang", number, 0.5) for number in range(16)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(answer, ProblemError) for answer in answers)
        assert await asker.request("ingest-0", "echo", "free again", 10) == "free again"
        await until(lambda: len(ended) == 16)


async def test_what_is_too_large_for_the_broker_is_refused_before_it_costs_the_connection(broker: Broker) -> None:
    await broker.credentials()
    server = broker.bus("ingest-0")

    async def blow_up(data: Any) -> Any:
        return "x" * MAX_PAYLOAD_BYTES

    server.handle("blow-up", blow_up)
    async with running(server), running(broker.bus("api")) as asker, asyncio.timeout(30):
        await server.wait_connected()
        server.set_state("huge", "x" * MAX_PAYLOAD_BYTES)
        with pytest.raises(ProblemError, match="reply-too-large"):
            await asker.request("ingest-0", "blow-up", None, 10)
        with pytest.raises(ProblemError, match="request-too-large"):
            await asker.request("ingest-0", "blow-up", "x" * MAX_PAYLOAD_BYTES, 10)
        assert server.connected


RUBBISH = [b"", b"{", b"\xff", b"[]", b'{"problem":1}', b'{"problem":{"status":"x"}}', b'{"ok":1}', b"null"]


async def test_rubbish_from_another_unit_ends_nothing(broker: Broker) -> None:
    await broker.credentials()
    victim, rogue = broker.bus("ingest-0"), broker.bus("ingest-1")
    never = asyncio.Event()

    async def wait(data: Any) -> Any:
        await never.wait()

    rogue.handle("wait", wait)
    async with running(victim), running(rogue), asyncio.timeout(30):
        await victim.wait_connected()
        await rogue.wait_connected()
        asking = [asyncio.create_task(victim.request("ingest-1", "wait", n, 2)) for n in range(4)]
        await until(lambda: len(victim._waiting) == len(asking))
        for payload in RUBBISH:
            for topic in ("reply/ingest-0", "request/ingest-0/no-such-verb", "state/ingest-1/alive"):
                await raw_publish(rogue, topic, payload)
            for correlation in tuple(victim._waiting):
                await raw_publish(rogue, "reply/ingest-0", payload, correlation)
        await asyncio.gather(*asking, return_exceptions=True)
        assert victim.connected


async def raw_publish(bus: Bus, topic: str, payload: bytes, correlation: bytes = b"") -> None:
    assert bus._client is not None
    properties = Properties(PacketTypes.PUBLISH)
    properties.CorrelationData = correlation
    await bus._client.publish(f"gatehouse/{topic}", payload, qos=1, properties=properties)


@pytest.mark.parametrize("topic", ["state/api/alive", "state/api/camera/x", "event/api/config/changed", "x", "event/x"])
async def test_a_unit_cannot_write_where_another_does(broker: Broker, topic: str) -> None:
    await broker.credentials()
    impostor, witness = broker.bus("ingest-0"), broker.bus("bus")
    async with running(impostor), witness.subscribe("#") as everything, running(witness), asyncio.timeout(30):
        await witness.wait_connected()
        await impostor.wait_connected()
        await raw_publish(impostor, topic, b'{"forged":true}')
        impostor.publish(honest := new_event(CLOCK, "ingest-0", "camera/found", {}))
        async for heard, data in everything:
            assert data != {"forged": True}, heard
            if isinstance(data, dict) and data.get("id") == honest.id:
                break


async def test_a_unit_hears_neither_the_requests_nor_the_replies_of_others(broker: Broker) -> None:
    await broker.credentials()
    server, spy = broker.bus("ingest-0"), broker.bus("ingest-1")

    async def echo(data: Any) -> Any:
        return data

    server.handle("echo", echo)
    async with running(server), running(broker.bus("api")) as asker, running(spy), asyncio.timeout(30):
        await spy.wait_connected()
        await server.wait_connected()
        async with spy.subscribe("request/#") as requests, spy.subscribe("reply/#") as replies:
            assert await asker.request("ingest-0", "echo", {"password": "canary"}, 10) == {"password": "canary"}
            server.handle("ping", echo)
            await spy.request("ingest-0", "ping", None, 10)
            heard = [topic for topic, _ in (*_drained(requests.queue), *_drained(replies.queue))]
        assert all(topic.endswith("/ingest-1") for topic in heard)


def _drained(queue: "asyncio.Queue[tuple[str, Any]]") -> list[tuple[str, Any]]:
    return [queue.get_nowait() for _ in range(queue.qsize())]


async def test_nobody_is_let_in_without_a_name(broker: Broker) -> None:
    await broker.credentials()
    with pytest.raises(aiomqtt.MqttError):
        async with aiomqtt.Client(
            str(broker.paths.bus_socket), 1, transport="unix", protocol=aiomqtt.ProtocolVersion.V5, timeout=5
        ):
            pass


async def test_a_broker_that_answers_nobody_is_given_up(broker: Broker) -> None:
    await broker.credentials()
    with pytest.raises(ProblemError, match="broker-silent"):
        await end_when_silent(broker.bus("bus"), 0.2)
