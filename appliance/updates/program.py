"""Runs another program to its end: no shell, its words in English, and never longer than a deadline."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass

from appliance.updates import problems


@dataclass(frozen=True, slots=True)
class Done:
    """How it ended: its exit status, and what it wrote to standard output and standard error."""

    status: int
    said: str
    complaints: str


async def run_program(command: Sequence[str], timeout_s: float) -> Done:
    """Raises ProblemError where there is no such program, or it does not end."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise problems.not_installed(f"{command[0]} cannot be started: {error.strerror}") from None
    try:
        async with asyncio.timeout(timeout_s):
            said, complaints = await process.communicate()
    except TimeoutError:
        raise problems.not_installed(f"{command[0]} does not answer within {timeout_s:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Done(process.returncode or 0, said.decode(errors="replace"), complaints.decode(errors="replace"))
