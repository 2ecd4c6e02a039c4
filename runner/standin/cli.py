"""``python -m runner standin``: the stand-in as a process that ends with its parent."""

import argparse
import asyncio
import logging
import os
import shutil
import signal
import tempfile
from pathlib import Path

import psutil
from aiohttp import web

from runner.standin import COMFYUI_VERSION, VERSION
from runner.standin.app import MAX_UPLOAD, create_app
from runner.standin.door import Door
from runner.standin.faults import KINDS, BadFault, Faults, read_fault
from runner.standin.folders import Folders
from runner.standin.release import BadRelease, Release
from runner.standin.spoiler import SHUT

log = logging.getLogger(__name__)
POLL = 0.5  # seconds between two looks at the parent


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``standin``."""
    parser.add_argument("--listen", default="127.0.0.1", metavar="ADDRESS", help="listen there (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8189, help="port there; 0 takes a free one (default 8189)")
    parser.add_argument("--folder", type=Path, help="keep input/ and output/ here (default: a temporary folder)")
    parser.add_argument("--parent", type=int, help="end when this process ends (default: the one that started this)")
    parser.add_argument("--pace", type=float, default=0.0, help="artificial: least seconds that a render takes")
    parser.add_argument("--max-upload-size", type=float, default=MAX_UPLOAD / 2**20, help="MB (default 100)")
    parser.add_argument(
        "--comfyui",
        default=COMFYUI_VERSION,
        metavar="VERSION",
        help=f"the release to speak as (default {COMFYUI_VERSION})",
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[:key=value,…]",
        help="go wrong on purpose, to try a harness; repeatable, and at run time POST /stand_in/faults",
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "\n".join(["faults (times=N, 0 for ever; after=N occasions):", *map(_described, KINDS)])


def _described(name: str) -> str:
    kind = KINDS[name]
    settings = ",".join(
        f"{key}={value:g}" if isinstance(value, float | int) else f"{key}={value}" for key, value in kind.values.items()
    )
    return f"  {name:<18}{kind.says}{f' [{settings}]' if settings else ''}"


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM, Ctrl-C or the parent's end. Prints the URL as the first line of standard output."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    parent = _Parent(args.parent)
    try:
        faults, release = Faults(*map(read_fault, args.fault)), Release(args.comfyui)
    except (BadFault, BadRelease) as error:
        log.error("stand-in: %s (%s)", error.message, error.hint)
        return 2
    if args.folder:
        args.folder.mkdir(parents=True, exist_ok=True)
    # One folder of our own is all that is ever removed; a user's folder is only added to.
    own = Path(tempfile.mkdtemp(prefix="standin-", dir=args.folder)).absolute()
    folders = Folders(args.folder.absolute() if args.folder else own, own / "temp")
    try:
        app = create_app(
            folders,
            pace=args.pace,
            max_upload=round(args.max_upload_size * 2**20),
            faults=faults,
            release=release,
            listen=args.listen,
        )
        if args.pace:
            log.info("stand-in: every render takes at least %g s, artificially", args.pace)
        return asyncio.run(_serve(app, args.listen, args.port, parent))
    finally:
        shutil.rmtree(own, ignore_errors=True)


async def _serve(app: web.Application, host: str, port: int, parent: "_Parent") -> int:
    stop = asyncio.Event()
    _on_signal(stop)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    door = Door(runner, host, port)
    app[SHUT] = door.shut
    await runner.setup()
    try:
        try:
            port = await door.open()
        except OSError as error:
            log.error("stand-in: cannot listen on %s:%d: %s", host, port, error.strerror)
            return 2
        print(f"stand-in listening on http://{host}:{port}", flush=True)
        log.info("stand-in %s: a CPU puppet renders here, not InfiniteTalk", VERSION)
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), POLL)
            except TimeoutError:
                if not parent.alive():
                    log.info("stand-in: the parent process is gone")
                    break
        return 0
    finally:
        await runner.cleanup()


def _on_signal(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))


class _Parent:
    """The process to end with. A death signal (prctl) would end us with the *thread* that started us: so we look."""

    def __init__(self, pid: int | None) -> None:
        self._starter = os.getppid()
        self._process: psutil.Process | None = None
        self._known = True
        if pid is not None:
            try:
                self._process = psutil.Process(pid)
            except psutil.NoSuchProcess:
                self._known = False
        self._watch_starter = pid is None

    def alive(self) -> bool:
        """False once the parent has ended; a new process with its number does not count."""
        if self._watch_starter:
            return os.getppid() == self._starter
        if self._process is None:
            return self._known
        return self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE
