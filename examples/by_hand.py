"""The whole way by hand: from the bundled seeds to a release, with nothing but the public names.

    python examples/by_hand.py [FOLDER]

Works in FOLDER, or in a temporary one. Needs neither a key nor a network.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from seedstock import Project, SeedstockError, audit, check, release, run, trace, verify
from seedstock.demo import copy_project


def main(folder: Path) -> None:
    copy_project(folder)

    # A project is a folder with a seedstock.yaml. It reads what a verb needs when the verb needs it.
    with Project(folder) as project:
        # What is there, and what a run would ask. Nothing is spent.
        checked = check(project)
        print(f"check    {checked.verdict}: {checked.seeds['usable']} seeds, {project.holdout_plan()}")
        for gate in checked.gates:
            print(f"         {gate.status:<5}{gate.gate}: {gate.reason}")

        # Candidates, every one through the row gates. Run again, it finds every answer in the ledger.
        made = run(project)
        again = run(project)
        print(f"run      {made.tally.kept} of {made.tally.rows} candidates accepted")
        print(f"again    {again.requests['sent']} requests sent, {again.tally.kept} accepted")

        # The mix for trainers, or an error that says which gate refuses.
        released = release(project, formats=("messages", "prompt_completion"))
        mix = released.mix
        print(f"release  {released.name}: {len(mix.seeds)} real and {len(mix.synthetic)} synthetic rows")

        # Where one of the rows comes from.
        row = trace(project, mix.synthetic[0].id)
        print(f"trace    {row.id} was made by {row.source['recipe']} from {', '.join(row.parents)}")
        for verdict in row.gates:
            print(f"         {verdict['gate']}: {verdict['status']}, figure {verdict['figure']}")

        # And of a rejected one: its story is kept too.
        lost = trace(project, made.tally.examples[0].id)
        print(f"         {lost.id} was {lost.outcome}: {lost.gates[-1]['reason']}")

    # A release is never changed. Verify says so, or names the file that was.
    whole = verify(Path(released.path))
    print(f"verify   {whole.files} files as written")
    card = Path(released.path) / "README.md"
    card.write_text(card.read_text(encoding="utf-8") + "trust me\n", encoding="utf-8")
    try:
        verify(Path(released.path))
    except SeedstockError as harm:
        print(f"         after a line was added: {harm} (exit code {harm.exit_code})")

    # The same gates over a file somebody else made: here the release itself, seeds and all.
    found = audit(
        [Path(released.path) / "train.messages.jsonl"],
        config=folder / "seedstock.yaml",
        out=folder / "audit",
    )
    print(f"audit    {found.tally.kept} of {found.tally.rows} rows kept")
    for (name, code), n in found.tally.reasons.items():
        print(f"         {name}, {code}: {n}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            main(Path(temporary) / "demo")
