"""In which order nodes run: outputs first where they can, then what leads to one soonest, as ComfyUI picks them."""

from collections.abc import Callable

from runner.standin.jobs import Prompt, is_link


class CycleError(Exception):
    """Nodes that wait for each other; ``node_id`` is one of them."""

    def __init__(self, node_id: str) -> None:
        super().__init__("Dependency cycle detected")
        self.node_id = node_id


class Order:
    """The nodes that must still run for the wanted outputs. ``cached`` says what need not."""

    def __init__(
        self, prompt: Prompt, is_output: Callable[[str], bool], cached: Callable[[str], bool], outputs: list[str]
    ) -> None:
        self._prompt, self._is_output = prompt, is_output
        self._waits: dict[str, set[str]] = {}
        self._feeds: dict[str, list[str]] = {}
        for output in outputs:
            self._add(output, cached)

    def _add(self, first: str, cached: Callable[[str], bool]) -> None:
        # Depth first from the last input: this is what makes the order of a graph the server's.
        stack, links = [first], []
        while stack:
            node_id = stack.pop()
            if node_id in self._waits:
                continue
            self._waits[node_id] = set()
            self._feeds[node_id] = []
            for value in self._prompt[node_id]["inputs"].values():
                if is_link(value) and not cached(value[0]):
                    stack.append(value[0])
                    links.append((value[0], node_id))
        for source, target in links:
            if source not in self._waits[target]:
                self._waits[target].add(source)
                self._feeds[source].append(target)

    def __bool__(self) -> bool:
        return bool(self._waits)

    def pick(self) -> str:
        """The next node. Raises CycleError when none is free."""
        ready = [node_id for node_id, waits in self._waits.items() if not waits]
        if not ready:
            raise CycleError(next(iter(self._waits)))
        for node_id in ready:
            if self._is_output(node_id):
                return node_id
        for node_id in ready:
            if any(self._is_output(fed) for fed in self._feeds[node_id]):
                return node_id
        for node_id in ready:
            if any(self._is_output(last) for fed in self._feeds[node_id] for last in self._feeds.get(fed, ())):
                return node_id
        return ready[0]

    def done(self, node_id: str) -> None:
        """Take a node off the list and free those that waited for it."""
        del self._waits[node_id]
        for target in self._feeds.pop(node_id):
            self._waits[target].discard(node_id)
