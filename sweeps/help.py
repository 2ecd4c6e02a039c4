"""What ``python sweep.py --help`` prints; by itself, since Hydra takes a second to list its groups."""

from pathlib import Path

TEXT = """\
Parameter sweeps and evaluation for InfiniteTalk on ComfyUI.

  python sweep.py +experiment=motion_frame                      plan, render, score, log
  python sweep.py +experiment=motion_frame action=plan          the plan and its forecast; touches nothing
  python sweep.py +experiment=motion_frame action=doctor        every cell against the live server; renders nothing
  python sweep.py +experiment=steps server=comfyui server.url=http://host:8188
  python sweep.py variant=v4 sweep.axes.motion_frame=[9,13,15,17] sweep.seeds=[1,2,3]

Choices (group=option):

{groups}

Often used:

  workflow.motion_frame=13              one value of a tunable parameter, for every setting
  workflow.inputs."Node title.input"=V  any other input of the graph
  sweep.axes.cfg=[1.0,1.5,2.0]          what is compared; several axes make a grid
  "sweep.axes.steps='range(4,9,2)'"     a range, quoted for the shell
  sweep.zip=[[width,height]]            axes that move together
  sweep.seeds=[1,2,3]                   repeats: they tell effect from luck
  sweep.name=night_1                    what it is called (else: its experiment, or variant, axes and clips)
  sweep.stop_at=08:00                   no cell starts that would end later
  sweep.budget.wall_hours=6             … or pass a budget (gpu_hours, cells)
  clips=folder clips.dir=DIR            your own pictures and speeches (clips.pair=name|product|csv)
  action=score · action=log             judge stored renders again · rebuild MLflow from the store
  variant=best action=produce           a whole folder with the setting you tagged: MP4s, trimmed to the speech
  limit=3                               the first cells only

The whole configuration: python sweep.py --cfg job [overrides]
Exit codes: 0 all well · 1 unexpected error · 2 bad input or config · 3 some cells failed · 4 a regression ·
130 interrupted
"""


def help_text(conf: Path) -> str:
    """The help, with every config group of the folder ``conf`` and its options."""
    groups = {folder.name: sorted(file.stem for file in folder.glob("*.yaml")) for folder in sorted(conf.iterdir())}
    lines = [f"{name}: {', '.join(options)}" for name, options in groups.items() if options]
    return TEXT.replace("{groups}", "\n".join(lines))
