"""The same company in SQLite and in PostgreSQL, its rows in any order: the same bytes out of `once --json`."""

import datetime as dt
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

LAST = dt.date(2025, 3, 31)


def evaluate(place, config):
    done = harness.once(config, LAST)
    assert done.returncode == 0, done.stderr
    assert '"customer_id"' in done.stdout and '"rule"' in done.stdout, "the scenario must find something"
    return done.stdout


def main():
    rows = harness.company_rows(LAST, customers=60)
    rows["usage"].append(("nobody", "2025-03-01", 5.0))
    results = {}
    with harness.folder() as base, harness.postgres() as conninfo:
        for number, order in enumerate([None, 1, 2]):
            place = base / f"sqlite{number}"
            place.mkdir()
            harness.write_sqlite(place / "company.db", rows, shuffle=order)
            results[f"sqlite, order {order}"] = evaluate(place, harness.configuration(place))
            place = base / f"postgresql{number}"
            place.mkdir()
            harness.write_postgres(conninfo, rows, shuffle=order)
            source = f'backend = "postgresql"\nconnection = "{conninfo}"'
            results[f"postgresql, order {order}"] = evaluate(place, harness.configuration(place, source=source))
    first = next(iter(results.values()))
    for name, text in results.items():
        if text != first:
            import difflib

            print(
                "\n".join(
                    list(difflib.unified_diff(first.splitlines(), text.splitlines(), "sqlite", name, lineterm=""))[
                        :40
                    ]
                )
            )
            raise AssertionError(f"{name} differs")
    print(f"{len(results)} databases and orders: {len(first)} identical bytes")
    print("1 passed, 0 failed")


main()
