"""``python -m runner doctor``: one graph on one server."""

import argparse
import base64
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from workflow.errors import HarnessError, told

if TYPE_CHECKING:
    from runner.doctor.finding import Report

_PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEAHLCMmQAAAABJRU5ErkJggg==")
"""One white pixel: the smallest file that a server takes for a picture."""
_OPTIONS = {
    "server.url": "--url",
    "server.folder": "--folder",
    "server.release": "--release",
    "server.headers_env": "--headers-env",
    "server.headers_file": "--headers-file",
    "server.ca_bundle": "--ca-bundle",
    "server.read_timeout_s": "--timeout",
}
"""How the keys of the configuration, which messages name, are called here."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``doctor``."""
    add = parser.add_argument
    add("--url", default="http://127.0.0.1:8188", help="address of the server (default http://127.0.0.1:8188)")
    add("--graph", type=Path, metavar="FILE", help="workflow in API format (default: the shipped one)")
    add("--folder", type=Path, metavar="DIR", help="its ComfyUI folder, if on this machine: revisions, packages")
    add("--release", metavar="LABEL", help="your own word for what runs there, where no revisions can be had")
    add("--headers-env", metavar="NAME", help="environment variable with extra headers, one 'Name: value' a line")
    add("--headers-file", type=Path, metavar="FILE", help="file with extra headers; keep it out of git")
    add("--ca-bundle", type=Path, metavar="FILE", help="certificates of your own authority (PEM), for https")
    add("--timeout", type=_seconds, default=30.0, metavar="S", help="longest wait for one answer (default 30)")
    add(
        "--upload",
        nargs="?",
        type=Path,
        const=Path(),
        metavar="FILE",
        help="really send FILE, such as your longest speech (default: one pixel); it stays in the server's input/",
    )
    add("--json", action="store_true", help="the same as data on standard output")


def run(args: argparse.Namespace) -> int:
    """Print the report; 0 where nothing is a fault (risks allowed), else 2."""
    for stream in (sys.stdout, sys.stderr):  # a C locale must not stop Chinese file names
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")
    try:
        report = _report(args)
    except HarnessError as error:
        return told(error, _own_words)
    except KeyboardInterrupt:
        print("interrupted; nothing was changed", file=sys.stderr)
        return 130
    from rich.console import Console

    from runner.doctor.show import as_json, show

    if args.json:
        print(as_json(report))
    else:
        show(Console(), report)
    return report.exit_code


def _report(args: argparse.Namespace) -> "Report":
    from runner.client import ComfyClient
    from runner.doctor.examine import examine
    from runner.doctor.finding import Report
    from runner.headers import read_headers
    from workflow.graph import load_graph

    graph = load_graph(args.graph)
    for option in ("folder", "ca_bundle", "upload"):
        _there(option, getattr(args, option))
    headers = read_headers(args.headers_env, args.headers_file)
    bundle = str(args.ca_bundle) if args.ca_bundle else None
    times = {"connect_s": min(5.0, args.timeout), "read_s": args.timeout}
    client = ComfyClient(args.url, headers=headers, ca_bundle=bundle, **times)
    with tempfile.TemporaryDirectory(prefix="doctor-") as folder:
        upload = args.upload
        if upload == Path():
            upload = Path(folder) / "pixel.png"
            upload.write_bytes(_PNG)
        found = examine(client, graph, folder=args.folder, release=args.release, upload=upload)
    return Report(found.url, found.kind, tuple(one.cleaned(_own_words) for one in found.findings))


class NoSuchPlace(HarnessError):
    """An option that names a file or folder which is not there."""

    code = "doctor-no-such-place"


def _there(option: str, path: Path | None) -> None:
    if path is None or path == Path():
        return
    known = path.is_dir() if option == "folder" else path.is_file()
    if not known:
        what = "folder" if option == "folder" else "file"
        raise NoSuchPlace(f"--{option.replace('_', '-')} {path} is no {what}", hint="a path on this machine")


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is no time to wait: seconds, more than 0")
    return value


def _own_words(text: str) -> str:
    for key, option in _OPTIONS.items():
        text = text.replace(key, option)
    return text
