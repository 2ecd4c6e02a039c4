"""The user's own commands at the end of a sweep."""

import json
import shlex
import subprocess
from collections.abc import Mapping
from typing import Any

SECONDS = 60


def run_hook(command: str | None, summary: Mapping[str, Any]) -> str | None:
    """Run ``command`` (split like a shell would, but run without one) with ``summary`` as JSON on standard input.

    Returns what to tell the user when it could not run or failed; a hook never changes how the sweep ended.
    """
    if not command:
        return None
    try:
        words = shlex.split(command)
        done = subprocess.run(
            words, input=json.dumps(summary, ensure_ascii=False), encoding="utf-8", timeout=SECONDS, capture_output=True
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return f"the hook {command!r} did not run: {error}"
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        return f"the hook {command!r} ended with {done.returncode}" + (f": {said[-1]}" if said else "")
    return None
