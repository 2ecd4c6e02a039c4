"""Findings about node classes and the packs they come from: what to install, what to update, what is unverified."""

from collections.abc import Iterable, Iterator, Mapping

from runner.doctor.facts import Facts
from runner.doctor.finding import Finding, listed
from workflow.schema import NodeSchema, default_schema

_PREFIX = "custom_nodes."
_REPOSITORIES = {
    "ComfyUI-WanVideoWrapper": "https://github.com/kijai/ComfyUI-WanVideoWrapper",
    "ComfyUI-VideoHelperSuite": "https://github.com/Kosinkadink/ComfyUI-VideoHelperSuite",
    "ComfyUI-KJNodes": "https://github.com/kijai/ComfyUI-KJNodes",
    "audio-separation-nodes-comfyui": "https://github.com/christian-byrne/audio-separation-nodes-comfyui",
}
_STARTS = {
    "ComfyUI-WanVideoWrapper": ("WanVideo", "MultiTalk", "Wav2Vec"),
    "ComfyUI-VideoHelperSuite": ("VHS_",),
    "ComfyUI-KJNodes": ("ImageResizeKJ", "INTConstant", "GetImageSizeAndCount"),
    "audio-separation-nodes-comfyui": ("AudioSeparation", "AudioCrop"),
}


def about_classes(classes: Iterable[str], schema: NodeSchema, facts: Facts) -> Iterator[Finding]:
    """Which of ``classes`` the server has; those that it lacks by the pack that brings them."""
    wanted = sorted(set(classes))
    missing: dict[str, list[str]] = {}
    for name in wanted:
        if name not in schema.classes:
            missing.setdefault(pack_of(name), []).append(name)
    have = {spec.module.lower() for spec in schema.classes.values()}
    for pack, names in missing.items():
        there = f"{_PREFIX}{pack}".lower() in have
        yield Finding(
            "fault", "nodes", "class-missing", f"missing: {listed(names, 6)}", _remedy(pack, there, facts), names[0]
        )
    if not missing:
        yield Finding("ok", "nodes", "classes", f"all {len(wanted)} classes of the graph are there")


def pack_of(class_type: str) -> str:
    """The node pack (its folder's usual name) that brings a class; 'ComfyUI' for one of its own, empty if unknown.

    >>> pack_of("VHS_VideoCombine"), pack_of("LoadAudio"), pack_of("SomebodysNode")
    ('ComfyUI-VideoHelperSuite', 'ComfyUI', '')
    """
    spec = default_schema().classes.get(class_type)
    if spec is not None and spec.module:
        return spec.module.removeprefix(_PREFIX) if spec.module.startswith(_PREFIX) else "ComfyUI"
    return next((pack for pack, starts in _STARTS.items() if class_type.startswith(starts)), "")


def _remedy(pack: str, there: bool, facts: Facts) -> str:
    if not pack:
        return "no pack is known here that has it: ComfyUI-Manager's 'Install Missing Custom Nodes' may"
    if pack == "ComfyUI":
        return "it belongs to ComfyUI itself: update ComfyUI and restart it"
    if facts.has_flag("--disable-all-custom-nodes"):
        return f"start ComfyUI without --disable-all-custom-nodes, or whitelist {pack}"
    if there:
        return f"{pack} is there but lacks it: update that pack and restart ComfyUI"
    place = f" ({_REPOSITORIES[pack]})" if pack in _REPOSITORIES else ""
    return (
        f"install {pack}{place} into custom_nodes and restart ComfyUI; if its folder is there, the server's log"
        " says why its import failed"
    )


def about_packs(revisions: Mapping[str, str | None], release: str | None, *, local: bool = False) -> Iterator[Finding]:
    """Whether the revisions of the packs in use are known: only then can a video be reused in another sweep.

    ``local`` says that its ComfyUI folder was looked into.
    """
    known = [f"{pack} {_short(revision)}" for pack, revision in sorted(revisions.items()) if revision]
    unknown = [pack for pack, revision in sorted(revisions.items()) if not revision]
    if unknown and release:
        text = f"you call what runs there {release}; its own word on {listed(unknown)} is not to be had"
        yield Finding("ok", "packs", "packs-labelled", text)
    elif unknown:
        hint = "in server.folder it is no git checkout: server.release=LABEL is your own word for it"
        if not local:
            hint = "server.release=LABEL is your own word for it; ComfyUI-Manager there, or server.folder, tells it too"
        text = f"unverified: revision of {listed(unknown)} unknown; videos are reused within one sweep only"
        yield Finding("unknown", "packs", "packs-unverified", text, hint, unknown[0])
    if known:
        yield Finding("ok", "packs", "packs", listed(known, 6))


def _short(revision: str) -> str:
    """A revision as people read it; a checkout with edits says so."""
    head, plus, _ = revision.partition("+")
    return f"{head[:12]} (edited)" if plus else head[:12]
