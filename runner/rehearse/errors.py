"""What can be wrong with a rehearsal."""

from typing import ClassVar

from workflow.errors import HarnessError


class RehearsalError(HarnessError):
    """Random-weight files cannot be written there."""

    code: ClassVar[str] = "rehearsal-impossible"
