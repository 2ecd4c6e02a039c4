"""The door: ``python sweep.py +experiment=motion_frame`` plans, renders, scores and logs a sweep."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from workflow.errors import HarnessError, told

if TYPE_CHECKING:
    from sweeps.commandline import CommandLine

CONF = Path(__file__).resolve().parent / "conf"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code (the README's table)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    verbose = "verbose=true" in (word.lower() for word in words)
    for stream in (sys.stdout, sys.stderr):  # a C locale must not stop Chinese names
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")
    try:
        if not {"--help", "-h"}.isdisjoint(words):
            return _help()
        return _compose_and_run(words)
    except HarnessError as error:
        if verbose:
            raise
        return told(error)
    except BrokenPipeError:  # the reader of a pipe went away, as `| head` does: nothing more can be said
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("interrupted; what was finished is kept, the same command goes on", file=sys.stderr)
        return 130
    except Exception as error:
        if verbose:
            raise
        print(f"error [unexpected]: {type(error).__name__}: {error}", file=sys.stderr)
        print("  hint: the same command with verbose=true shows where", file=sys.stderr)
        return 1


def _help() -> int:
    from sweeps.help import help_text

    print(help_text(CONF))
    return 0


def _compose_and_run(words: Sequence[str]) -> int:
    import hydra

    from sweeps import config
    from sweeps.commandline import known_keys, read
    from sweeps.conferrors import not_text, translate

    line = read(words)
    config.register()
    ended: list[int | BaseException] = []

    def task(composed: Any) -> None:
        try:
            ended.append(_run(composed, line))
        except BaseException as error:  # raised again below: Hydra would print its own words about it
            ended.append(error)

    os.environ["HYDRA_FULL_ERROR"] = "1"  # its errors come to us, in place of its own printout and exit code 1
    before, sys.argv = sys.argv, [sys.argv[0], *line.arguments]
    _compose_once()
    try:
        hydra.main(config_path=str(CONF), config_name="config", version_base="1.3")(task)()
    except SystemExit as end:  # argparse's own: --hydra-help, or a flag's value that Hydra does not know
        return int(end.code or 0)
    except UnicodeDecodeError as error:
        ended.append(not_text(error))
    except Exception as error:
        ended.append(error)
    finally:
        sys.argv = before
    result = ended[-1] if ended else 0  # none where only --cfg or the like was asked for
    if isinstance(result, Exception) and (plain := translate(result, lambda: known_keys(config.Config))):
        raise plain from result
    if isinstance(result, BaseException):
        raise result
    return result


def _compose_once() -> None:
    """Hydra composes each command twice, first only to see whether it is a multirun: here none is, ``read`` sees to it.

    None is Hydra's own answer where nothing says so: what is asked for stands in the flags alone.
    """
    from hydra._internal.hydra import Hydra

    Hydra.get_mode = lambda *_, **__: None  # type: ignore[method-assign]


def _run(composed: Any, line: "CommandLine") -> int:
    """The composed config, run."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf
    from rich.console import Console

    from sweeps.app import App
    from sweeps.compose import Composer, axis_order, typed
    from sweeps.secrets import without_passwords
    from sweeps.spoken import Spoken

    chosen = HydraConfig.get()
    config = typed(composed, chosen.runtime.choices, line)
    folders = [source.path for source in chosen.runtime.config_sources if source.schema == "file"]
    config.order = axis_order(config.choices.get("experiment"), line, folders)
    spoken = Spoken(sys.stdout)
    app = App(
        config=config,
        compose=Composer(tuple(chosen.overrides.task), line),
        console=Console(file=cast("TextIO", spoken)),
        config_yaml=without_passwords(OmegaConf.to_yaml(composed)),
    )
    try:
        return app.run()
    finally:
        spoken.leave()
        if spoken.trouble is not None and not isinstance(spoken.trouble, BrokenPipeError):  # `| head` does that
            print(f"not all that was said could be written: {spoken.trouble.strerror}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
