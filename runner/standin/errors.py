"""What a node can raise: a failure that the real node is known for, or the wish of the user to stop."""


class NodeError(Exception):
    """A failure of a node; ``kind`` is the exception type that the real server would name."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class InterruptedPromptError(Exception):
    """The running prompt was asked to stop."""


OUT_OF_MEMORY = "torch.OutOfMemoryError"
OUT_OF_MEMORY_TIP = (
    "This error means you ran out of memory on your GPU.\n\nTIPS: If the workflow worked before you might have "
    "accidentally set the batch_size to a large number."
)
