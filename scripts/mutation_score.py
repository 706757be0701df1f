"""Mutation score of compiler and link on a random sample, with cosmic-ray, in a clone (it changes files in place).

A mutant is a small change of the code. It is killed when a test fails; one that survives is a line that no test needs.

    .venv/bin/python scripts/mutation_score.py [--mutants 60] [--seed 1]

Takes some ten seconds a mutant.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGETS = {
    "tinyforge/compiler": "tests/unit/compiler tests/golden tests/ops/test_operator_cases.py",
    "tinyforge/link": "tests/unit/link tests/fuzz/test_fuzz_link.py",
}
CONFIGURATION = """
[cosmic-ray]
module-path = "{module}"
timeout = 180.0
excluded-modules = []
test-command = "{python} -m pytest -q -x -p no:cacheprovider {tests}"

[cosmic-ray.distributor]
name = "local"
"""


def main() -> None:
    """Sample, run and print the scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=60, help="of each part")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tinyforge_mutants_") as work:
        clone = Path(work) / "clone"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        data = os.environ.get("TINYFORGE_DATA") or str(ROOT.parent / "shared" / "data")
        environment = os.environ | {"PYTHONPATH": str(clone), "TINYFORGE_CASES": "6", "TINYFORGE_DATA": data}
        for module, tests in TARGETS.items():
            killed, survivors = score(clone, Path(work), module, tests, chosen, environment)
            ran = killed + len(survivors)
            print(f"{module}: {killed} of {ran} killed, {100 * killed / max(ran, 1):.0f} %")
            for survivor in survivors:
                print(f"  survived: {survivor}")


def score(
    clone: Path, work: Path, module: str, tests: str, chosen: argparse.Namespace, environment: dict[str, str]
) -> tuple[int, list[str]]:
    """Mutants killed, and where the others are."""
    name = module.replace("/", "_")
    configuration, session = work / f"{name}.toml", work / f"{name}.sqlite"
    configuration.write_text(CONFIGURATION.format(module=module, python=sys.executable, tests=tests), encoding="utf-8")
    run = ["cosmic-ray"]
    subprocess.run([*run, "init", str(configuration), str(session)], cwd=clone, env=environment, check=True)
    with sqlite3.connect(session) as database:
        jobs = [row[0] for row in database.execute("select job_id from work_items order by job_id")]
        specs = "select job_id, module_path, operator_name, occurrence from mutation_specs"
        order = {row[0]: row[1:] for row in database.execute(specs)}
        jobs.sort(key=lambda job: order[job])
        random.Random(chosen.seed).shuffle(jobs)  # noqa: S311  a sample, no secret
        for job in jobs[chosen.mutants :]:
            database.execute("delete from mutation_specs where job_id = ?", (job,))
            database.execute("delete from work_items where job_id = ?", (job,))
    subprocess.run([*run, "exec", str(configuration), str(session)], cwd=clone, env=environment, check=True)
    with sqlite3.connect(session) as database:
        outcomes = dict(database.execute("select job_id, test_outcome from work_results"))
        places = {
            row[0]: f"{row[1]}:{row[2]} {row[3].removeprefix('core/')}"
            for row in database.execute("select job_id, module_path, start_pos_row, operator_name from mutation_specs")
        }
    survivors = sorted(places[job] for job, outcome in outcomes.items() if "SURVIVED" in str(outcome))
    return len(outcomes) - len(survivors), survivors


if __name__ == "__main__":
    main()
