"""Writes what a plan says, the notice first."""

from collections.abc import Callable

from runner.rehearse.embeds import write_entry
from runner.rehearse.notice import FOLDER, put_up
from runner.rehearse.plan import Plan, Target
from runner.rehearse.values import Values
from runner.rehearse.write import Told, write_checkpoint


def execute(plan: Plan, starts: Callable[[Target], None] = lambda _: None, told: Told = lambda _: None) -> int:
    """Write every pending file of ``plan``; how many. ``starts`` hears of each file, ``told`` of its bytes.

    What is interrupted leaves whole files only; the same plan made again goes on with the rest.
    """
    pending = plan.of("write", "replace")
    if not pending:
        return 0
    places = {plan.comfyui / FOLDER, *(one.path.parent for one in pending)}
    folders = sorted({folder for place in places for folder in (place, *place.parents) if not folder.exists()})
    (plan.comfyui / FOLDER).mkdir(exist_ok=True)
    put_up(plan, folders)
    for folder in folders:
        folder.mkdir(exist_ok=True)
    values = Values(plan.seed)
    for one in pending:
        starts(one)
        if one.state == "replace":
            one.path.unlink()  # ours: its mark was read
        if isinstance(one.content, str):
            write_entry(one.path, one.content, plan.seed, one.mark)
        else:
            write_checkpoint(one.path, one.content, values, one.mark, told)
    return len(pending)
