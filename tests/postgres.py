"""A PostgreSQL server of the tests' own, from Debian's package, on a unix socket in a temporary folder."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def postgres_server() -> Iterator["Server"]:
    """Starts a server and stops it again. PostgreSQL refuses to run as root: then it runs as the user `postgres`."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path may have no more than 107 characters
    server = Server(folder)
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        server.run("initdb", "--pgdata", "data", "--auth", "trust", "--username", "teacher", "--encoding", "UTF8",
                   "--locale", "C.UTF-8", "--no-sync")
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Server:
    """The server in `folder`."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.programs = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
        assert self.programs, "this test needs a PostgreSQL server: apt-get install postgresql"

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://teacher@/{database}?host={self.folder}"

    def new_database(self, name: str) -> str:
        """The URL of a new, empty database."""
        self.run("createdb", "--host", str(self.folder), "--username", "teacher", name)
        return self.url(name)

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off"
        self.run("pg_ctl", "--pgdata", "data", "--log", "log", "--wait", "--timeout", "120", "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """mode "immediate" is a crash: nothing is written down any more, and recovered at the next start."""
        if (self.folder / "data" / "postmaster.pid").exists():
            self.run("pg_ctl", "--pgdata", "data", "--wait", "--mode", mode, "stop")

    def run(self, program: str, *arguments: str) -> None:
        as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run([*as_user, str(self.programs / program), *arguments], cwd=self.folder, check=True, timeout=180,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
