"""A Jupyter kernel for tests, and what it shows."""

import asyncio
import os
import signal
import threading
from pathlib import Path

from jupyter_client.manager import start_new_async_kernel

ROOT = Path(__file__).parents[1]
SHOWN = ("stream", "display_data", "update_display_data", "execute_result", "error")


class Kernel:
    """A Jupyter kernel, really started, and what it sent."""

    def __init__(self, folder: Path):
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        self._loop = asyncio.Runner()
        started = start_new_async_kernel(startup_timeout=120, cwd=str(folder), env=environment)
        self.manager, self.client = self._loop.run(started)

    def run(self, code: str, stop_after: float | None = None) -> "Shown":
        """Runs a cell; stop_after: presses the stop button so many seconds after its first line has run."""
        messages = []

        def took(message: dict) -> None:
            if stop_after is not None and message["msg_type"] == "stream" and not messages:
                threading.Timer(stop_after, os.kill, (self.manager.provisioner.pid, signal.SIGINT)).start()
            if message["msg_type"] in SHOWN:
                messages.append(message)

        code = code if stop_after is None else f"print('begins', flush=True)\n{code}"
        reply = self._loop.run(self.client.execute_interactive(code, output_hook=took, allow_stdin=False, timeout=120))
        return Shown(reply["content"]["status"], messages)

    def value(self, code: str):
        """What an expression is there."""
        shown = self.run(f"print({code}, end='')")
        assert shown.status == "ok", shown.traceback
        return shown.stream("stdout")

    def close(self) -> None:
        self.client.stop_channels()
        self._loop.run(self.manager.shutdown_kernel(now=True))
        self._loop.close()


class Shown:
    """The outputs of a cell."""

    def __init__(self, status: str, messages: list[dict]):
        self.status, self.messages = status, messages

    def of(self, kind: str) -> list[dict]:
        return [message["content"] for message in self.messages if message["msg_type"] == kind]

    def stream(self, name: str) -> str:
        return "".join(content["text"] for content in self.of("stream") if content["name"] == name)

    @property
    def result(self) -> dict[str, str]:
        """The last value of the cell, by type."""
        only, = self.of("execute_result")
        return only["data"]

    @property
    def traceback(self) -> str:
        return "\n".join(line for content in self.of("error") for line in content["traceback"])
