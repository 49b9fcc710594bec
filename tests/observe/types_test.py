"""The dashboards are what Grafana's types say a dashboard is. To have those: npm ci in tests/observe/types."""

import json
import pathlib
import shutil
import subprocess

import boards
import harness

TYPES = pathlib.Path(__file__).resolve().parent / "types"
CHECKS = [
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--target",
    "esnext",
    "--module",
    "esnext",
    "--moduleResolution",
    "bundler",
]


def complaints(place, dashboards):
    """What the compiler says, line by line; nothing when all are dashboards."""
    sources = []
    for name, board in dashboards.items():
        sources.append(place / f"{pathlib.Path(name).stem}.mts")
        sources[-1].write_text(
            f'import type {{ ShippedDashboard }} from "{TYPES}/grafana";\n'
            f"export const dashboard: ShippedDashboard = {json.dumps(board, indent=1)};\n"
        )
    checked = subprocess.run([TYPES / "node_modules/.bin/tsc", *CHECKS, *sources], capture_output=True, text=True)
    return checked.stdout + checked.stderr


def broken(board):
    """The same dashboard with one mistake, in each of the places where they are made."""
    for change in (
        lambda panel: panel["options"].update(colourMode="value"),
        lambda panel: panel["options"].update(colorMode="values"),
        lambda panel: panel["fieldConfig"]["defaults"].update(units="s"),
        lambda panel: panel["fieldConfig"]["defaults"].update(thresholds={"steps": [{"color": 1}]}),
        lambda panel: panel["gridPos"].pop("w"),
        lambda panel: panel.update(type="statt"),
    ):
        copy = json.loads(json.dumps(board))
        change(next(panel for panel in copy["panels"] if panel["type"] == "stat"))
        yield copy


def main():
    if not shutil.which("node"):
        harness.skip("node is not installed")
    if not (TYPES / "node_modules").exists():
        harness.skip("Grafana's types are not here: npm ci in tests/observe/types")
    shipped = boards.dashboards()
    with harness.folder() as place:
        said = complaints(place, shipped)
        assert not said, said
        seeded = {f"broken{n}.json": board for n, board in enumerate(broken(shipped["portfolio.json"]))}
        said = complaints(place, seeded)
        assert all(f"broken{n}.mts" in said for n in range(len(seeded))), f"a mistake passes: {said}"
    print(f"{', '.join(shipped)} are dashboards; {len(seeded)} mistakes are found")


main()
