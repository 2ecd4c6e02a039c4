"""A PostgreSQL of a test's own, which can be stopped and started."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path


class Postgres:
    """Debian's PostgreSQL on a free port; run as its own user where this is root, which it refuses to be."""

    def __init__(self) -> None:
        self.bin = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    @property
    def there(self) -> bool:
        """Whether it is installed."""
        return self.bin is not None and (self.bin / "initdb").is_file()

    @property
    def url(self) -> str:
        """As SQLAlchemy takes it."""
        return f"postgresql+psycopg://sweep@127.0.0.1:{self.port}/postgres"

    def database(self, name: str) -> str:
        """A further database, as SQLAlchemy takes it."""
        import psycopg

        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f'create database "{name}"'.encode())
        return self.url.removesuffix("postgres") + name

    def create(self) -> None:
        """Make the cluster and start it."""
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self._run("initdb", "-D", str(self.folder / "data"), "-A", "trust", "-U", "sweep", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", log, "-o", options, "start")

    def stop(self) -> None:
        """Stop it as a crash would: connections break."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def remove(self) -> None:
        """Stop it and leave nothing behind."""
        with contextlib.suppress(subprocess.CalledProcessError):
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, name: str, *arguments: str) -> None:
        assert self.bin is not None
        own = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        command = [*own, str(self.bin / name), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/")
