"""Which release of ComfyUI a stand-in speaks as, and what that changes in its answers."""

import re
from typing import Any, ClassVar, Final
from uuid import UUID

from runner.standin import COMFYUI_VERSION
from workflow.errors import HarnessError

_ID_WORDS: Final = (
    "prompt_id must be a UUID string in canonical lowercase hyphenated form; omit it to let the server generate one"
)
_NO_CLASS: Final = "Cannot execute because a node is missing the class_type property."


class BadRelease(HarnessError):
    """Words that are no version of ComfyUI."""

    code: ClassVar[str] = "bad-release"


class Release:
    """One release, as ``0.3.64``. What is only known of 0.27.0 (a transcript of it) begins there."""

    def __init__(self, version: str = COMFYUI_VERSION) -> None:
        if not re.fullmatch(r"\d+(\.\d+){1,3}", version):
            raise BadRelease(f"{version!r} is no version of ComfyUI", hint=f"write it as {COMFYUI_VERSION}")
        self.version = version
        self._parts = tuple(int(part) for part in version.split("."))

    def since(self, *parts: int) -> bool:
        """Whether this release is that one or later."""
        return self._parts >= parts

    @property
    def interrupts_by_id(self) -> bool:
        """Whether ``/interrupt`` heeds the id in its body; before 0.3.57 whatever runs is stopped."""
        return self.since(0, 3, 57)

    def refused_id(self, value: Any) -> dict[str, Any] | None:
        """The error for a ``prompt_id`` that this release does not take (since 0.25.0 canonical UUIDs only)."""
        if not self.since(0, 25, 0) or value is None or _canonical(value):
            return None
        message = "prompt_id must be a valid UUID"
        return {"type": "invalid_prompt_id", "message": message, "details": _ID_WORDS, "extra_info": {}}

    def missing_node(self, node_id: str, node: Any) -> dict[str, Any]:
        """The error for a node without a class or of an unknown one: before 0.12.0, and since."""
        unnamed = "class_type" not in node
        name = None if unnamed else node["class_type"]
        details = f"Node ID '#{node_id}'"
        if not self.since(0, 12, 0):
            message = _NO_CLASS if unnamed else f"Cannot execute because node {name} does not exist."
            return {"type": "invalid_prompt", "message": message, "details": details, "extra_info": {}}
        title = node.get("_meta", {}).get("title")
        if unnamed:
            message = (
                f"Node '{title or f'ID #{node_id}'}' has no class_type. "
                "The workflow may be corrupted or a custom node is missing."
            )
        else:
            title = title or name
            message = f"Node '{title}' not found. The custom node may not be installed."
        extra = {"node_id": node_id, "class_type": name, "node_title": title}
        return {"type": "missing_node_type", "message": message, "details": details, "extra_info": extra}

    def features(self, max_upload: int) -> dict[str, Any]:
        """What ``/features`` and the websocket's greeting say."""
        known: dict[str, Any] = {"supports_preview_metadata": True, "max_upload_size": max_upload}
        if self.since(0, 27):
            known |= {"extension": {"manager": {"supports_v4": True}}, "node_replacements": True, "assets": False}
        return known

    @property
    def notes_time(self) -> bool:
        """Whether the queue shows when a prompt came, as ``create_time``."""
        return self.since(0, 27)

    @property
    def shows_cached_to_nobody(self) -> bool:
        """Whether cached outputs are in the history of a prompt without client id; where not, ``outputs`` is empty."""
        return not self.since(0, 27)

    @property
    def forgets_late(self) -> bool:
        """Whether the last prompt's nodes are forgotten only once a node of the next one has run."""
        return self.since(0, 27)

    @property
    def slows_progress(self) -> bool:
        """Whether a bar tells its first and last tick and in between one in a tenth of a second."""
        return self.since(0, 27)

    @property
    def opens_pictures_with_av(self) -> bool:
        """Whether LoadImage opens its file with PyAV first, which names its errors its own way."""
        return self.since(0, 27)

    @property
    def writes_combos(self) -> bool:
        """Whether LoadAudio's list comes as ``["COMBO", {"options": […]}]``."""
        return self.since(0, 27)


def _canonical(value: Any) -> bool:
    try:
        return isinstance(value, str) and str(UUID(value)) == value
    except ValueError:
        return False
