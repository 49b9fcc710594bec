#!/usr/bin/python3
"""The Open University example: loaded as it is, read by its queries, and agreeing with what the CSV files say.

SQLite always; PostgreSQL too when RETAIND_TEST_POSTGRESQL holds a connection to a database that may be written.
"""
import csv
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import tomllib
import unittest
from datetime import date, timedelta

ROOT = os.environ.get("RETAIND_ROOT", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
EXAMPLE = os.path.join(ROOT, "etc", "examples", "oulad")
SAMPLE = os.path.join(ROOT, "tests", "data", "oulad_sample")
BOUNDS = {"from": "2013-01-01", "to": "2013-06-02"}
POSTGRESQL = os.environ.get("RETAIND_TEST_POSTGRESQL", "")


def queries(name):
    with open(os.path.join(EXAMPLE, name), "rb") as config:
        return {dataset: keys["query"] for dataset, keys in tomllib.load(config)["dataset"].items()}


def load(target):
    subprocess.run([os.path.join(EXAMPLE, "load.sh"), SAMPLE, target], check=True)


def table(name):
    with open(os.path.join(SAMPLE, name), newline="") as lines:
        return list(csv.DictReader(lines))


class Example(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = os.path.join(cls.folder.name, "oulad.db")
        load(cls.path)
        cls.base = sqlite3.connect(f"file:{cls.path}?mode=ro", uri=True)
        cls.base.row_factory = sqlite3.Row
        cls.queries = queries("retaind.toml")

    @classmethod
    def tearDownClass(cls):
        cls.base.close()
        cls.folder.cleanup()

    def rows(self, dataset):
        query = self.queries[dataset]
        return [dict(row) for row in self.base.execute(query, BOUNDS if ":from" in query else {})]

    def as_text(self, dataset):
        empty = self.base.execute(f"SELECT * FROM ({self.queries[dataset]}\n) AS q LIMIT 0", BOUNDS)
        names = [column[0] for column in empty.description]
        cells = ", ".join(f'CAST(q."{name}" AS TEXT)' for name in names)
        found = self.base.execute(f"SELECT {cells} FROM ({self.queries[dataset]}\n) AS q", BOUNDS)
        return cells, sorted("|".join("~" if cell is None else cell for cell in row) for row in found)

    def test_every_enrolment_is_a_customer_with_one_subscription_and_one_promise(self):
        accounts = sorted(int(row["account_id"]) for row in table("accounts.csv"))
        for dataset in ("customers", "subscriptions", "promises"):
            self.assertEqual(sorted(row["customer_id"] for row in self.rows(dataset)), accounts, dataset)

    def test_leaving_early_is_cancelled_and_the_end_of_a_course_is_not(self):
        found = {row["customer_id"]: row for row in self.rows("subscriptions")}
        for row in table("subscriptions.csv"):
            mine = found[int(row["account_id"])]
            self.assertEqual(mine["status"], "cancelled" if row["cancelled_date"] else "ended")
            self.assertEqual(mine["ended_on"], row["cancelled_date"] or row["renewal_date"])

    def test_dirty_deliveries_reach_the_daemon_without_a_due_date(self):
        dirty = [row for row in self.rows("milestones") if row["due_on"] is None]
        self.assertEqual(len(dirty), 51)

    def test_optional_milestones_are_left_out(self):
        optional = {int(row["promise_id"]) for row in table("promises.csv") if float(row["weight"]) == 0}
        self.assertTrue(optional)
        self.assertFalse(optional & {row["milestone_id"] for row in self.rows("milestones")})

    def test_carried_over_work_is_delivered_without_quality_and_grades_are_known_14_days_later(self):
        found = {(row["promise_id"], row["milestone_id"]): row for row in self.rows("milestones")}
        carried = known = 0
        for row in table("deliveries.csv"):
            mine = found.get((int(row["account_id"]), int(row["promise_id"])))
            if mine is None or mine["due_on"] is None:
                continue
            self.assertEqual(mine["delivered_on"], row["delivered_date"])
            if row["carried_over"] == "1":
                self.assertEqual((mine["quality"], mine["quality_known_on"]), (None, None))
                carried += 1
            elif row["quality_score"]:
                self.assertEqual(mine["quality"], float(row["quality_score"]))
                due = date.fromisoformat(row["delivered_date"]) + timedelta(days=14)
                self.assertEqual(mine["quality_known_on"], due.isoformat())
                known += 1
        self.assertGreater(carried, 0)
        self.assertGreater(known, 1000)

    def test_rows_stay_inside_the_bounds_asked_for(self):
        for dataset in ("usage", "attendance"):
            days = [row["at"] for row in self.rows(dataset)]
            self.assertEqual((min(days) >= BOUNDS["from"], max(days)), (True, "2013-06-01"))

    def test_loading_again_changes_nothing(self):
        before = {dataset: self.as_text(dataset)[1] for dataset in self.queries}
        load(self.path)
        self.assertEqual({dataset: self.as_text(dataset)[1] for dataset in self.queries}, before)

    def test_the_reference_still_gives_the_expected_health(self):
        reference = os.path.join(ROOT, "tests", "reference", "oulad_health.py")
        command = [sys.executable, reference, "expected", SAMPLE]
        made = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        with open(os.path.join(SAMPLE, "expected_health.csv")) as expected:
            self.assertEqual(made, expected.read())

    def test_both_backends_are_asked_for_the_same_datasets(self):
        self.assertEqual(self.queries.keys(), queries("retaind-postgresql.toml").keys())

    @unittest.skipUnless(POSTGRESQL, "RETAIND_TEST_POSTGRESQL is not set")
    def test_postgresql_gives_the_same_rows_as_text(self):
        load(POSTGRESQL)
        load(POSTGRESQL)
        for dataset, query in queries("retaind-postgresql.toml").items():
            cells, here = self.as_text(dataset)
            for name, value in BOUNDS.items():
                query = query.replace(f":{name}", f"'{value}'")
            query = f"SELECT {cells} FROM ({query}\n) AS q"
            command = ["psql", "-XAtq", "-F|", "-Pnull=~", "-d", POSTGRESQL, "-c", query]
            there = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            self.assertEqual(sorted(there.splitlines()), here, dataset)


if __name__ == "__main__":
    if shutil.which("sqlite3") is None:
        print("SKIPPED: the loader needs the sqlite3 program")
        sys.exit(77)
    unittest.main()
