"""`seedstock`: commands loaded when called, errors turned into exit codes, each in one place."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from seedstock.errors import InputError, Refused, SeedstockError, near_miss, one_line
from seedstock.version import __version__

COMMANDS = {
    "demo": ("seedstock.cli.demo:demo", "Run the whole way on a bundled project, offline."),
    "init": ("seedstock.cli.init:init", "Start a project: a commented seedstock.yaml out of your seeds."),
    "check": ("seedstock.cli.check:check", "Look at config, seeds, holdout and cost; spends nothing."),
    "run": ("seedstock.cli.run:run", "Generate and gate until quotas are filled; again to resume."),
    "audit": ("seedstock.cli.audit:audit", "Put the gates over synthetic data made elsewhere."),
    "rethreshold": (
        "seedstock.cli.rethreshold:rethreshold",
        "Show what other duplicate thresholds would keep.",
    ),
    "review": ("seedstock.cli.review:review", "Let people look at rows: a spreadsheet out, and back in."),
    "release": ("seedstock.cli.release:release", "Write the mix for trainers, or refuse and say why."),
    "trace": ("seedstock.cli.trace:trace", "Tell one row's whole story."),
    "verify": ("seedstock.cli.verify:verify", "Re-check a release's hashes and shares."),
    "schema": ("seedstock.cli.schema:schema", "Print the JSON Schema of seedstock.yaml."),
}
"""Name → where the command lives and its line of help, so that `--help` imports none of them."""

INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Context:
    """What every command gets: the project folder."""

    project: Path


class Commands(click.Group):
    """Commands by import string."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the one command that is called."""
        if cmd_name not in COMMANDS:
            raise InputError(f"unknown command {cmd_name!r}; {near_miss(cmd_name, COMMANDS)}")
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="seedstock")
@click.option(
    "--project", type=click.Path(path_type=Path), default=Path(), help="Project folder (default: here)."
)
@click.pass_context
def app(ctx: click.Context, project: Path) -> None:
    """From a small set of real examples to a fine-tuning dataset you can trust.

    Exit codes: 0 fine, 1 a bug, 2 unusable input, 3 refused by a gate or policy, 4 the teacher could
    not be used, 130 interrupted.
    """
    ctx.obj = Context(project)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--json`, the same for every command."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)


def emit(result: dict[str, Any]) -> None:
    """The one JSON document on standard output."""
    click.echo(json.dumps(result, ensure_ascii=True, indent=2))


def main() -> None:
    """Run a command and exit with its code. The only place where errors become exit codes."""
    for library in ("OPENBLAS", "OMP", "MKL"):
        # One thread unless asked: on a busy machine two are slower than one. Read when numpy is imported.
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # no terminal is too old for a row or an arrow
    sys.exit(exit_code(sys.argv[1:]))


def exit_code(arguments: list[str]) -> int:
    """Run `arguments`; say an error in one line on standard error; give the exit code."""
    try:
        # Click hands the code of `Exit` back instead of raising it.
        code = app.main(args=arguments or ["--help"], prog_name="seedstock", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted; what is done is kept, run again to resume")
        return INTERRUPTED
    except click.ClickException as problem:
        _complain(problem.format_message())
        return InputError.exit_code
    except Refused as refusal:
        if "--json" in arguments:
            results = [v.to_json() for v in refusal.results]
            emit({"verdict": "refused", "refused": results, "reason": str(refusal)})
        _complain(str(refusal))
        return refusal.exit_code
    except SeedstockError as problem:
        _complain(str(problem))
        return problem.exit_code
    except BrokenPipeError:
        # Whoever read us has heard enough; Python must not complain about it again while it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as problem:
        # A full disk, a folder without permission, a file where a folder should be.
        place = f"{problem.filename}: " if problem.filename else ""
        _complain(f"{place}{problem.strerror or problem}")
        return InputError.exit_code
    except MemoryError:
        _complain("out of memory")
        return InputError.exit_code


def _complain(text: str) -> None:
    click.echo(f"seedstock: {one_line(text)}", err=True)


if __name__ == "__main__":
    main()
