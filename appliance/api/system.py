"""The routes of the machine itself. What changes it is asked of the control service, which alone has the right to."""

import asyncio
import time
from functools import partial
from typing import Any

import msgspec

from appliance.api import system_views as views
from appliance.api.problems import convert
from appliance.api.routing import Call, Permission, Route, changing, reading
from appliance.api.services import Services
from appliance.condition.control import Control
from appliance.condition.model import Condition
from appliance.condition.reading import bench_condition, fingerprint_of, read_condition
from appliance.core.errors import ProblemError
from appliance.host.machine_status import data_problem, time_synchronised
from appliance.host.network_settings import check_settings
from appliance.security.certificates import own_names, renew_server_certificate

CONTROL_TIMEOUT_S = 30.0


class SystemRoutes:
    """Handlers over the control service."""

    def __init__(self, services: Services) -> None:
        self._context = services.context
        self._control = Control.from_environment(CONTROL_TIMEOUT_S)

    async def system(self, call: Call) -> views.SystemView:
        """How the machine is; where there is no control service, what a unit can see by itself."""
        return await asyncio.to_thread(self._seen)

    def _seen(self) -> views.SystemView:
        return views.system_view(self._condition(), data_problem(self._context.paths))

    def _condition(self) -> Condition:
        try:
            found = read_condition(self._control, self._context.paths)
        except ProblemError:  # it is being restarted, or is at its limit: the page still shows what is known
            found = bench_condition(self._context.paths)
        if found.uptime_s:
            return found
        uptime_s = int(time.clock_gettime(time.CLOCK_BOOTTIME))
        return msgspec.structs.replace(found, uptime_s=uptime_s, time_synchronised=time_synchronised())

    async def restart(self, call: Call) -> None:
        """Restart units or machine; the answer is sent before."""
        call.subject = call.body.what
        await self._ask("restart", what=call.body.what)

    async def power_off(self, call: Call) -> None:
        """Switch off; the answer is sent before."""
        await self._ask("power-off")

    async def reset(self, call: Call) -> None:
        """Take users or everything away; the answer may be the last that is heard of this unit."""
        call.subject = call.body.scope
        await self._ask("reset", scope=call.body.scope, confirm=call.body.confirm)

    async def network(self, call: Call) -> views.NetworkView:
        """The settings in force."""
        told: views.NetworkView = convert(await self._ask("network"), views.NetworkView)
        return told

    async def set_network(self, call: Call) -> views.NetworkChange:
        """New settings."""
        call.subject = "network"
        check_settings(call.body)
        told: views.NetworkChange = convert(
            await self._ask("set-network", **msgspec.to_builtins(call.body)), views.NetworkChange
        )
        return told

    async def confirm_network(self, call: Call) -> None:
        """The new settings work: whoever says so came over them."""
        call.subject = "network"
        await self._ask("confirm-network")

    async def renew_certificate(self, call: Call) -> views.CertificateView:
        """A new server certificate of the same authority; connections from now on get it within seconds."""
        paths = self._context.paths
        await asyncio.to_thread(renew_server_certificate, paths.tls, own_names(), self._context.clock)
        return views.CertificateView(fingerprint=await asyncio.to_thread(fingerprint_of, paths.tls / "server.pem"))

    async def _ask(self, verb: str, **arguments: Any) -> Any:
        if not self._control.is_there:
            raise ProblemError(
                "not-here",
                "This runs from a source tree: the machine below it is not Gatehouse's to change",
                remedy="Do it with the means of that machine. On an appliance this works.",
                status=409,
            )
        return await asyncio.to_thread(partial(self._control.ask, verb, **arguments))


def system_routes(services: Services) -> list[Route]:
    """The table."""
    handlers, administrator = SystemRoutes(services), Permission.ADMINISTRATOR
    system, network = "/api/v1/system", "/api/v1/system/network"
    change = partial(changing, permission=administrator)
    return [
        reading(system, Permission.VIEWER, handlers.system, "How the machine is", views.SystemView),
        change(
            f"POST {system}/restart",
            handler=handlers.restart,
            summary="Restart the units or the machine",
            audit="restart",
            body=views.RestartInput,
        ),
        change(
            f"POST {system}/power-off",
            handler=handlers.power_off,
            summary="Switch the machine off",
            audit="power off",
            body=views.PowerOffInput,
        ),
        change(
            f"POST {system}/reset",
            handler=handlers.reset,
            summary="Take users, or everything, away",
            audit="reset",
            body=views.ResetInput,
        ),
        change(
            f"POST {system}/certificate/renew",
            handler=handlers.renew_certificate,
            summary="Make a new server certificate of the same authority",
            audit="renew certificate",
            body=views.RenewInput,
            result=views.CertificateView,
        ),
        reading(network, administrator, handlers.network, "How the machine is reached", views.NetworkView),
        change(
            f"PUT {network}",
            handler=handlers.set_network,
            summary="Change how the machine is reached",
            audit="set network",
            body=views.NetworkInput,
            result=views.NetworkChange,
        ),
        change(
            f"POST {network}/confirm",
            handler=handlers.confirm_network,
            summary="Keep the network change that is being tried",
            audit="confirm network",
            body=views.ConfirmInput,
        ),
    ]
