"""A unit's place on the bus: MQTT 5 over Mosquitto's unix socket (docs/reference/bus.md).

The broker may be gone at any time: nothing here raises for that, except where the caller asked to know.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt
import msgspec
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from appliance.core.clock import US_PER_S, Clock
from appliance.core.errors import ProblemError
from appliance.core.events import Event, encode_event, new_id
from appliance.core.tasks import Backoff

log = logging.getLogger(__name__)

ROOT = "gatehouse"
PRESENCE = f"{ROOT}/state/+/alive"
QUEUE_LENGTH = 1000
HANDLERS_AT_ONCE = 16
REQUESTS_WAITING = 256
MAX_PAYLOAD_BYTES = 512 * 1024  # half of what the broker takes: it cuts the connection over a larger packet
CONNECT_TIMEOUT_S = 5.0
RECONNECTING_S = 0.1
KEEPALIVE_S = 10
LONGEST_REQUEST_S = 300.0

Handler = Callable[[Any], Awaitable[Any]]


class BusDownError(Exception):
    """The broker did not take the message; try again when `wait_connected` returns."""


@dataclass(slots=True)
class _Outgoing:
    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties | None = None


@dataclass(slots=True, eq=False)
class Subscription:
    """Messages of one topic filter, in a queue that forgets the oldest when its reader is slow."""

    topic_filter: str
    queue: asyncio.Queue[tuple[str, Any]] = field(default_factory=lambda: asyncio.Queue(QUEUE_LENGTH))
    dropped: int = 0

    def __aiter__(self) -> AsyncIterator[tuple[str, Any]]:
        """Iterate for ever over (topic, decoded JSON); None where a retained state was removed."""
        return self

    async def __anext__(self) -> tuple[str, Any]:
        return await self.queue.get()

    def offer(self, topic: str, data: Any) -> None:
        """Queue a message."""
        if self.queue.full():
            self.queue.get_nowait()
            self.dropped += 1
        self.queue.put_nowait((topic, data))


class Bus:
    """One unit's connection. `run` keeps it; everything else may be called whether it stands or not."""

    def __init__(self, unit: str, socket: Path, credential: Path, clock: Clock) -> None:
        self.unit = unit
        self.dropped = 0
        self._socket = socket
        self._credential = credential
        self._clock = clock
        self._client: aiomqtt.Client | None = None
        self._up = asyncio.Event()
        self._away_since_us = clock.monotonic_us()
        self._outgoing: asyncio.Queue[_Outgoing] = asyncio.Queue(QUEUE_LENGTH)
        self._in_hand: _Outgoing | None = None
        self._retained: dict[str, bytes] = {}
        self._present: set[str] = set()
        self._presence_changed = asyncio.Event()
        self._subscriptions: list[Subscription] = []
        self._filters: dict[str, int] = {}
        self._serving = 0
        self._handlers: dict[str, Handler] = {}
        self._waiting: dict[bytes, asyncio.Future[Any]] = {}
        self._slots = asyncio.Semaphore(HANDLERS_AT_ONCE)

    @property
    def connected(self) -> bool:
        """Whether the broker is there."""
        return self._up.is_set()

    async def wait_connected(self) -> None:
        """Wait for the broker."""
        await self._up.wait()

    # --- saying -----------------------------------------------------------------------------------------------------

    def publish(self, event: Event) -> None:
        """Publish a fact that its owner has stored; kept for the broker's return, the oldest forgotten first."""
        self._enqueue(_Outgoing(f"{ROOT}/event/{self.unit}/{event.type}", encode_event(event), qos=1))

    async def publish_owed(self, event: Event, to: Sequence[str] = ()) -> None:
        """Publish a fact somebody is owed; returns when the broker has acknowledged it, else raises BusDownError.

        to: units that must be there to hear it; the broker keeps nothing for one that is not.
        """
        client = self._client
        if client is None or not self.connected or not self._present.issuperset(to):
            raise BusDownError
        try:
            await client.publish(f"{ROOT}/event/{self.unit}/{event.type}", encode_event(event), qos=1)
        except aiomqtt.MqttError as error:
            raise BusDownError from error

    def set_state(self, name: str, data: Any) -> None:
        """Set a retained state; the newest is sent again after every reconnection."""
        topic, payload = f"{ROOT}/state/{self.unit}/{name}", msgspec.json.encode(data)
        if len(payload) > MAX_PAYLOAD_BYTES:
            log.error("the state %s has %d bytes, more than the bus takes; it is not said", name, len(payload))
            return
        self._retained[topic] = payload
        if self._client is not None:
            self._enqueue(_Outgoing(topic, payload, qos=1, retain=True))

    def clear_state(self, name: str) -> None:
        """Remove a retained state."""
        topic = f"{ROOT}/state/{self.unit}/{name}"
        self._retained[topic] = b""
        if self._client is not None:
            self._enqueue(_Outgoing(topic, b"", qos=1, retain=True))

    async def request(
        self, unit: str, verb: str, data: Any, timeout_s: float = 5.0, *, there_within_s: float | None = None
    ) -> Any:
        """Ask a unit to do something; returns its answer; raises ProblemError, its own or `unit-not-answering`.

        there_within_s: how long to wait for a unit that is away, where its work may take longer than that.
        """
        correlation = new_id(self._clock.now_us()).encode()
        message = self._request(unit, verb, data, correlation, timeout_s)
        future = self._waiting[correlation] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout_s):
                async with asyncio.timeout(self._patience_s(timeout_s, there_within_s)):
                    await self._wait_present(unit)
                self._enqueue(message)
                return await future
        except TimeoutError:
            raise ProblemError(
                "unit-not-answering",
                f"The unit {unit} does not answer",
                remedy="It is restarted by itself; try again in a few seconds. If it stays so, look at its log.",
                status=503,
            ) from None
        finally:
            del self._waiting[correlation]

    def _patience_s(self, timeout_s: float, there_within_s: float | None) -> float:
        """How long to wait for a unit; a bus that has been away for longer than that will not be back this instant."""
        if there_within_s is None or self.connected:
            return timeout_s if there_within_s is None else there_within_s
        away_s = (self._clock.monotonic_us() - self._away_since_us) / US_PER_S
        return max(RECONNECTING_S, there_within_s - away_s)

    async def _wait_present(self, unit: str) -> None:
        """A request to a unit that has not come back yet would be lost: the broker keeps none."""
        while unit not in self._present or not self.connected:
            self._presence_changed.clear()
            await self._presence_changed.wait()

    def _request(self, unit: str, verb: str, data: Any, correlation: bytes, timeout_s: float) -> _Outgoing:
        properties = Properties(PacketTypes.PUBLISH)
        properties.ResponseTopic = f"{ROOT}/reply/{self.unit}"
        properties.CorrelationData = correlation
        properties.MessageExpiryInterval = max(1, round(timeout_s))
        deadline_us = self._clock.now_us() + round(timeout_s * US_PER_S)
        properties.UserProperty = [("deadline_us", str(deadline_us))]
        payload = msgspec.json.encode(data)
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise _too_large("request-too-large", f"The request {verb}")
        return _Outgoing(f"{ROOT}/request/{unit}/{verb}", payload, qos=1, properties=properties)

    def _enqueue(self, message: _Outgoing) -> None:
        if self._outgoing.full():
            self._outgoing.get_nowait()
            self.dropped += 1
        self._outgoing.put_nowait(message)

    # --- hearing ----------------------------------------------------------------------------------------------------

    def handle(self, verb: str, handler: Handler) -> None:
        """Answer requests for a verb; register before `run`."""
        self._handlers[verb] = handler

    @asynccontextmanager
    async def subscribe(self, topic_filter: str) -> AsyncIterator[Subscription]:
        """Hear a filter below `gatehouse/`, now and after every reconnection."""
        subscription = Subscription(f"{ROOT}/{topic_filter}")
        self._subscriptions.append(subscription)
        try:
            if self._client is not None:
                with suppress(aiomqtt.MqttError):  # the connection is ending; the next one subscribes again
                    await self._subscribe(self._client, subscription.topic_filter)
            yield subscription
        finally:
            self._subscriptions.remove(subscription)
            await self._unsubscribe(subscription.topic_filter)

    async def _subscribe(self, client: aiomqtt.Client, topic_filter: str) -> None:
        """Give the filter a number: where filters overlap, the broker sends a message once for each (MQTT 5, 3.3.4)."""
        properties = Properties(PacketTypes.SUBSCRIBE)
        properties.SubscriptionIdentifier = self._filters.setdefault(topic_filter, len(self._filters) + 1)
        await client.subscribe(topic_filter, qos=1, properties=properties)

    async def _unsubscribe(self, topic_filter: str) -> None:
        needed = topic_filter == PRESENCE or any(s.topic_filter == topic_filter for s in self._subscriptions)
        if self._client is None or needed:
            return
        with suppress(aiomqtt.MqttError):
            await self._client.unsubscribe(topic_filter)

    # --- the connection ---------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect, reconnect, for ever; ends only when cancelled."""
        backoff = Backoff(random.Random())
        while True:
            try:
                await self._session(backoff)
            except* (aiomqtt.MqttError, OSError) as group:
                log.warning("the bus is not there: %s", group.exceptions[0])
            finally:
                self._client = None
                self._up.clear()
                self._away_since_us = self._clock.monotonic_us()
                self._present.clear()
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise asyncio.CancelledError  # a task group forgets it when the connection breaks at the same instant
            await asyncio.sleep(backoff.next_s())

    async def _session(self, backoff: Backoff) -> None:
        alive = f"{ROOT}/state/{self.unit}/alive"
        async with (
            aiomqtt.Client(
                str(self._socket),
                1,
                transport="unix",
                username=self.unit,
                password=await asyncio.to_thread(self._credential.read_text),
                protocol=aiomqtt.ProtocolVersion.V5,
                will=aiomqtt.Will(alive, b'{"alive":false}', qos=1, retain=True),
                timeout=CONNECT_TIMEOUT_S,
                keepalive=KEEPALIVE_S,
            ) as client,
            asyncio.TaskGroup() as group,
        ):
            self._client = client  # from here on, who subscribes does so himself
            await self._introduce(client, alive)
            self._up.set()
            self._presence_changed.set()
            backoff.reset()
            group.create_task(self._send(client), name="bus-send")
            await self._receive(client, group)

    async def _introduce(self, client: aiomqtt.Client, alive: str) -> None:
        own = (f"{ROOT}/request/{self.unit}/+", f"{ROOT}/reply/{self.unit}", PRESENCE)
        for topic_filter in (*own, *(s.topic_filter for s in tuple(self._subscriptions))):
            await self._subscribe(client, topic_filter)
        await client.publish(alive, b'{"alive":true}', qos=1, retain=True)  # last: who reads it may rely on our hearing
        for topic, payload in tuple(self._retained.items()):
            await client.publish(topic, payload, qos=1, retain=True)

    async def _send(self, client: aiomqtt.Client) -> None:
        """Send what was queued; what a lost connection took away is sent first over the next one."""
        while True:
            if self._in_hand is None:
                self._in_hand = await self._outgoing.get()
            m = self._in_hand
            if m.retain and self._retained.get(m.topic) != m.payload:
                self._in_hand = None  # a newer state follows, or was sent on connecting
                continue
            await client.publish(m.topic, m.payload, qos=m.qos, retain=m.retain, properties=m.properties)
            self._in_hand = None

    async def _receive(self, client: aiomqtt.Client, group: asyncio.TaskGroup) -> None:
        async for message in client.messages:
            try:
                self._take(message, group)
            except Exception:  # whatever another unit sends, this one lives on
                log.exception("a message on %s could not be taken", message.topic.value)

    def _take(self, message: aiomqtt.Message, group: asyncio.TaskGroup) -> None:
        topic = message.topic.value
        kind = topic.split("/", 2)[1]
        if kind == "reply":
            self._settle(message)
        elif kind == "request":
            self._admit(message, group)
        elif message.topic.matches(PRESENCE):
            self._note_presence(topic.split("/")[2], _decoded(message))
        numbers = getattr(message.properties, "SubscriptionIdentifier", ())
        hearers = [s for s in self._subscriptions if self._filters.get(s.topic_filter) in numbers]
        if hearers:
            data = _decoded(message)
            for subscription in hearers:
                subscription.offer(topic, data)

    def _note_presence(self, unit: str, state: Any) -> None:
        if isinstance(state, dict) and state.get("alive") is True:
            self._present.add(unit)
        else:
            self._present.discard(unit)
        self._presence_changed.set()

    def _admit(self, message: aiomqtt.Message, group: asyncio.TaskGroup) -> None:
        """Too many requests at once: those that find no place run into their askers' deadlines."""
        if self._serving < REQUESTS_WAITING:
            self._serving += 1
            group.create_task(self._serve(message), name=message.topic.value)

    def _settle(self, message: aiomqtt.Message) -> None:
        future = self._waiting.get(getattr(message.properties, "CorrelationData", b""))
        body = _decoded(message)
        if future is None or future.done() or not isinstance(body, dict):
            return
        if "problem" in body:
            future.set_exception(ProblemError.from_json(body["problem"]))
        else:
            future.set_result(body.get("ok"))

    async def _serve(self, message: aiomqtt.Message) -> None:
        try:
            async with asyncio.timeout(self._left_s(message)), self._slots:
                if self._left_s(message) <= 0:
                    return
                reply = await self._carried_out(message.topic.value.rsplit("/", 1)[1], _decoded(message))
        except TimeoutError:
            return  # nobody waits for the answer any more
        finally:
            self._serving -= 1
        properties = Properties(PacketTypes.PUBLISH)
        properties.CorrelationData = getattr(message.properties, "CorrelationData", b"")
        topic = getattr(message.properties, "ResponseTopic", None)
        if topic:
            self._enqueue(_Outgoing(topic, _encoded_reply(reply), qos=1, properties=properties))

    def _left_s(self, message: aiomqtt.Message) -> float:
        """Seconds to the asker's deadline; one without a deadline is given the longest."""
        text = dict(getattr(message.properties, "UserProperty", ())).get("deadline_us", "")
        known = text.isascii() and text.isdigit() and len(text) < 20
        left_s = (int(text) - self._clock.now_us()) / US_PER_S if known else LONGEST_REQUEST_S
        return min(left_s, LONGEST_REQUEST_S)

    async def _carried_out(self, verb: str, data: Any) -> dict[str, Any]:
        handler = self._handlers.get(verb)
        try:
            if handler is None:
                raise ProblemError(
                    "unknown-verb", f"{self.unit} knows no {verb!r}", remedy="See docs/reference/bus.md."
                )
            return {"ok": await handler(data)}
        except ProblemError as problem:
            return {"problem": problem.to_json()}
        except Exception:
            log.exception("the request %s failed", verb)
            internal = ProblemError(
                "internal", "The request failed inside the unit", remedy=f"Look at the log of {self.unit}.", status=500
            )
            return {"problem": internal.to_json()}


def _encoded_reply(reply: dict[str, Any]) -> bytes:
    payload = msgspec.json.encode(reply)
    if len(payload) <= MAX_PAYLOAD_BYTES:
        return payload
    return msgspec.json.encode({"problem": _too_large("reply-too-large", "The answer").to_json()})


def _too_large(code: str, what: str) -> ProblemError:
    title = f"{what} is larger than the {MAX_PAYLOAD_BYTES} bytes that the bus takes"
    return ProblemError(code, title, remedy="Ask for less at once.", status=413)


def _decoded(message: aiomqtt.Message) -> Any:
    payload = message.payload
    if not isinstance(payload, bytes | bytearray) or not payload:
        return None
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        log.warning("a message on %s is not JSON", message.topic.value)
        return None
