"""The warm parent of every room. Trusted: it imports numpy and torch once, forks, and never runs student code.

Run as a script with the number of its control socket. Its orders (`launch.make_plan`) come over that socket,
because a student's code can read a command line and an environment. Messages are JSON, one per packet:

    -> the plan                          <- {"ready": {...}} | {"failed": traceback}
    -> {"open": id, limits} + 2 fds      <- {"opened": id}            (channel, output)
    -> {"kill": id}
    <- {"exit": id, "code": exit status or -signal, "cpu": seconds, "memory": bytes}   whenever a room ends

One thread only: a forked child hangs for ever in a thread pool that its parent has started.
"""

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from autograder.room import jail, kernel, preload

READY = b"\x01"


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    started = time.perf_counter()
    jail.lift_soft_limits()
    os.umask(0o022)  # whatever the examiner's is: rooms walk through folders that are made here
    try:
        plan = json.loads(control.recv(1 << 20))
        jail.wall_in_server(plan)
        server = ForkServer(control, plan)
        loaded = server.warm_up()
    except BaseException:
        control.send(json.dumps({"failed": traceback.format_exc()[-4000:]}).encode())
        raise
    answer = {"loaded": loaded, "seconds": time.perf_counter() - started}
    control.send(json.dumps({"ready": answer}).encode())
    server.serve()


class ForkServer:
    def __init__(self, control: socket.socket, plan: dict):
        self.control, self.plan = control, plan
        self.rooms: dict[int, int] = {}  # pid -> id
        self.own_pids = plan["mode"] in jail.HAS_MOUNTS
        self.home = os.pidfd_open(os.getpid()) if self.own_pids else -1
        self.baseline = None
        self.wake, write_end = os.pipe()
        os.set_blocking(write_end, False)
        if jail.LINUX:
            kernel.adopt_orphans()
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)

    def warm_up(self) -> list[str]:
        """Imports the modules asked for, uses torch once, and hides what rooms need not see. Returns what it found."""
        _find_kit_in(self.plan["kit"])
        sys.path.extend(path for path in self.plan["path"] if path not in sys.path)
        loaded = preload.load(self.plan["preload"])
        if self.plan["preload"]:
            from autograder.room import worker  # noqa: F401
        self.baseline = jail.baseline(self.plan)
        if jail.LINUX and len(os.listdir("/proc/self/task")) != 1:
            raise RuntimeError("a library started a thread while it was imported")
        if self.own_pids:
            jail.hide_proc()
        gc.collect()
        gc.freeze()
        return loaded

    def serve(self) -> None:
        """Until the examiner is gone: then this process ends, and every room with it."""
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(self.wake, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd == self.wake:
                    os.read(self.wake, 4096)
                    self.reap()
                elif not self.obey():
                    self.end()

    def obey(self) -> bool:
        packet, fds, _, _ = socket.recv_fds(self.control, 1 << 16, 2)
        if not packet:
            return False
        order = json.loads(packet)
        if "open" in order:
            self.open(order["open"], order["limits"], *fds)
        else:
            self.kill(order["kill"])
        return True

    def open(self, number: int, limits: dict, channel: int, output: int) -> None:
        if self.own_pids:
            kernel.unshare(kernel.NEW_PIDS)
        pid = os.fork()
        if pid == 0:
            self.become_room(limits, channel, output)
        if self.own_pids:
            kernel.enter_namespace(self.home, kernel.NEW_PIDS)
        os.close(channel)
        os.close(output)
        self.rooms[pid] = number
        self.send({"opened": number})

    def become_room(self, limits: dict, channel: int, output: int) -> None:
        """In the fork: confines itself, says so with one byte, and serves. Never returns."""
        try:
            signal.set_wakeup_fd(-1)
            jail.keep_only((os.open("/dev/null", os.O_RDWR), output, output), channel)
            jail.default_signals()
            jail.wall_in_room(self.plan, limits, self.baseline)
            private = limits["folder"] or self.plan["private"]
            os.write(3, READY)
            if not self.plan["preload"]:
                os._exit(0)  # only a probe preloads nothing
            from autograder.room import worker
            worker.main(3, private, limits["reply"])
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(99)

    def kill(self, number: int) -> None:
        for pid, room in self.rooms.items():
            if room == number:
                self.kill_group(pid)
                os.kill(pid, signal.SIGKILL)

    def kill_group(self, pid: int) -> None:
        """The room's processes; a pid namespace dies with its first process anyway."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)

    def reap(self) -> None:
        while self.rooms:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                return
            if pid in self.rooms:
                self.kill_group(pid)
                self.kill_orphans()
                self.send({"exit": self.rooms.pop(pid), "code": os.waitstatus_to_exitcode(status),
                           "cpu": usage.ru_utime + usage.ru_stime,
                           "memory": usage.ru_maxrss * (1024 if jail.LINUX else 1)})

    def kill_orphans(self) -> None:
        """Processes that a room without a pid namespace left behind; they are children of this one now."""
        if self.own_pids or not jail.LINUX:
            return
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            for pid in {int(word) for word in file.read().split()} - set(self.rooms):
                os.kill(pid, signal.SIGKILL)

    def send(self, message: dict) -> None:
        try:
            self.control.send(json.dumps(message).encode())
        except OSError:
            self.end()

    def end(self) -> None:
        for pid in self.rooms:
            self.kill_group(pid)
        for pid in list(self.rooms):
            os.waitpid(pid, 0)
            del self.rooms[pid]
        self.kill_orphans()
        os._exit(0)


def _find_kit_in(folder: str) -> None:
    """Where the walls have left this program's own modules."""
    sys.path[0] = folder
    for name in ("autograder", "autograder.room"):
        sys.modules[name].__path__ = [f"{folder}/{name.replace('.', '/')}"]


if __name__ == "__main__":
    main()
