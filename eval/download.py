"""One file of known size and SHA-256, fetched from the first place that has it: resumed, checked, renamed whole.

What a server sends is trusted in nothing: the name is ours, the body is cut at the known size, and nothing gets its
final name before its bytes have the right sum.
"""

import math
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eval.http_body import OpenBody, Patience, Refused, Torn, host_of, open_body, shown
from eval.reach import is_local
from eval.weights import FOLDER_VARIABLE, wrong
from workflow.errors import HarnessError
from workflow.files import read_json, sha256_file, sync_folder, write_json

Say = Callable[[str], None]
OnProgress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes there will be."""

_TEARS = 20
"""Connections to one place before it is left, even if each brought something."""
_STRIKES = 2
"""Connections in a row that bring nothing new."""
_PIECE = 1 << 16
_WAIT_FOR_OTHER_S = 3600.0


ELSEWHERE = (
    "try again later, or --weights-mirror with a URL or a folder that has the files, or --weights-file NAME=PATH; "
    "in a sweep scoring.weights.mirrors, scoring.weights.files.NAME"
)
"""What to do where no place gives a file."""


class NotFetched(HarnessError):
    """No place gave the file; the message says what each did."""

    code = "weights-not-fetched"
    exit_code = 3


class WeightsFolderError(HarnessError):
    """The cache folder cannot be written: disk full, no permission, no folder."""

    code = "weights-folder"


@dataclass(frozen=True)
class Wanted:
    """The file to fetch."""

    name: str
    target: Path
    size: int
    sha256: str

    @property
    def part(self) -> Path:
        """What has come so far."""
        return self.target.with_name(self.target.name + ".part")

    @property
    def notes(self) -> Path:
        """Where the part came from, and how its server names that version."""
        return self.target.with_name(self.target.name + ".part.json")

    @property
    def have(self) -> int:
        """Bytes of the part."""
        return self.part.stat().st_size if self.part.is_file() else 0

    def forget(self) -> None:
        """Drop the part."""
        self.part.unlink(missing_ok=True)
        self.notes.unlink(missing_ok=True)


def download(
    wanted: Wanted,
    places: Sequence[str],
    *,
    say: Say,
    on_progress: OnProgress | None = None,
    patience: Patience | None = None,
) -> None:
    """Fetch ``wanted`` from the first of ``places`` (URLs, local files) that gives it; a torn part is kept.

    Raises NotFetched, WeightsWrong (no place had the right bytes, one had others), WeightsFolderError.
    """
    with _writing(wanted), _alone(wanted, say):
        if wanted.target.is_file() and sha256_file(wanted.target) == wanted.sha256:
            return  # another process has fetched it meanwhile
        _check_room(wanted)
        reasons, other = [], ""
        for left, place in zip(reversed(range(len(places))), places, strict=True):
            try:
                _fetch_from(place, wanted, on_progress or _nothing, patience or Patience())
                return
            except Refused as refusal:
                reasons.append(f"{host_of(place)} {refusal}")
                other = refusal.sha256 or other
                if left:
                    say(f"{wanted.name}: {reasons[-1]}; trying {shown(places[-left])}")
        reasons = list(dict.fromkeys(reasons))  # one host can stand for two addresses
        if other:
            raise wrong(wanted.name, "what was sent", other, wanted.sha256, "; ".join(reasons))
        kept = f"; {wanted.have:,} of {wanted.size:,} bytes are kept for the next try" if wanted.have else ""
        raise NotFetched(
            f"{wanted.name} could not be fetched{kept}: {'; '.join(reasons) or 'no place to fetch it from'}",
            hint=ELSEWHERE,
        )


def _nothing(done: int, total: int) -> None:
    """No one watches."""


def _fetch_from(place: str, wanted: Wanted, on_progress: OnProgress, patience: Patience) -> None:
    """All of the file from one place, over as many connections as it takes; raises Refused."""
    strikes, best, joined, again = 0, wanted.have, False, True
    for _ in range(_TEARS):
        joined = joined or wanted.have > 0
        if wanted.have != wanted.size:
            try:
                _append(place, wanted, on_progress, patience)
            except Torn as torn:
                strikes = 0 if wanted.have > best else strikes + 1
                best = max(best, wanted.have)
                if strikes >= _STRIKES:
                    raise Refused(str(torn)) from None
                time.sleep(0.2 * strikes)
                continue
        digest = sha256_file(wanted.part)
        if digest == wanted.sha256:
            return _keep(wanted)
        wanted.forget()
        if not (joined and again):
            raise Refused(f"sent other bytes (SHA-256 {digest})", digest)
        best, joined, again = 0, False, False  # parts of two versions, or a bad earlier part: once more from the start
    raise Refused(f"broke off {_TEARS} times")


def _append(place: str, wanted: Wanted, on_progress: OnProgress, patience: Patience) -> None:
    """One connection: append to the part until it has the file's size; raises Torn, Refused."""
    if is_local(place):
        return _copy(Path(place).expanduser(), wanted, on_progress)
    notes = read_json(wanted.notes)
    known = notes.get("validator") if isinstance(notes, dict) and notes.get("place") == shown(place) else None
    try:
        with open_body(place, wanted.have, wanted.size, known, patience) as body:
            write_json(wanted.notes, {"place": shown(place), "validator": body.validator})
            _take(body, wanted, on_progress)
    except Torn as torn:
        if torn.part_is_useless:
            wanted.forget()
        raise


def _take(body: OpenBody, wanted: Wanted, on_progress: OnProgress) -> None:
    done = body.start
    with wanted.part.open("r+b" if done else "wb") as file:
        file.seek(done)
        while done < wanted.size:
            piece = body.read(min(_PIECE, wanted.size - done))
            if not piece:
                raise Torn(f"ended after {done:,} of {wanted.size:,} bytes")
            file.write(piece)
            done += len(piece)
            on_progress(done, wanted.size)


def _copy(source: Path, wanted: Wanted, on_progress: OnProgress) -> None:
    """From a folder that serves as a mirror."""
    try:
        size = source.stat().st_size
        origin = source.open("rb")
    except FileNotFoundError:
        raise Refused("is not there") from None
    except OSError as error:
        raise Refused(error.strerror or "cannot be read") from None
    with origin:
        if size != wanted.size:
            raise Refused(f"has {size:,} bytes, expected {wanted.size:,}")
        with wanted.part.open("wb") as file:
            shutil.copyfileobj(origin, file, 1 << 20)
    on_progress(wanted.have, wanted.size)


def _keep(wanted: Wanted) -> None:
    with wanted.part.open("r+b") as file:
        os.fsync(file.fileno())
    wanted.part.replace(wanted.target)
    wanted.notes.unlink(missing_ok=True)
    sync_folder(wanted.target.parent)


@contextmanager
def _writing(wanted: Wanted) -> Iterator[None]:
    """Turn what the disk says into one plain line; errors of the network never get here."""
    try:
        wanted.target.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise WeightsFolderError(
            f"{wanted.name} cannot be written to {wanted.target.parent}: {error.strerror or error}",
            hint=f"make room, or set {FOLDER_VARIABLE} to another folder",
        ) from None


def _check_room(wanted: Wanted) -> None:
    free, needed = shutil.disk_usage(wanted.target.parent).free, wanted.size - wanted.have
    if free < needed:
        raise WeightsFolderError(
            f"no room for {wanted.name}: {math.ceil(needed / 1e6):,} MB more are needed in {wanted.target.parent}, "
            f"{free // 1_000_000:,} MB are free",
            hint=f"make room, or set {FOLDER_VARIABLE} to another folder",
        )


@contextmanager
def _alone(wanted: Wanted, say: Say) -> Iterator[None]:
    """One process at a time; the lock ends with its process."""
    from filelock import FileLock, Timeout

    lock = FileLock(str(wanted.target) + ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"{wanted.name}: another process is fetching it; waiting")
        try:
            lock.acquire(timeout=_WAIT_FOR_OTHER_S)
        except Timeout:
            raise NotFetched(f"{wanted.name}: another process holds {lock.lock_file}") from None
    try:
        yield
    finally:
        lock.release()
