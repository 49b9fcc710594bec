"""D1, D2, D4, D5: a database that is cut, silent, full of nonsense, or lies.

Nobody is alerted because of it, and nothing stays wrong.
"""

import datetime as dt
import json
import pathlib
import sqlite3
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import fault_proxy
import harness

LAST = dt.date(2025, 3, 31)
BEFORE = LAST - dt.timedelta(days=1)


def told_of(place, day):
    """(rule, entity, transition) of everything told about customers on that data day."""
    told = [m for m in harness.messages(place / "messages.jsonl") if m["as_of"] == str(day)]
    return sorted(
        (a["rule"], a["entity"], a["transition"]) for m in told for a in m["alerts"] if a["scope"] != "source"
    )


def through(conninfo, proxy):
    return " ".join(f"port={proxy.port}" if part.startswith("port=") else part for part in conninfo.split())


def port_of(conninfo):
    return int(next(part for part in conninfo.split() if part.startswith("port="))[5:])


def test_d1_a_cut_at_any_byte_is_all_or_nothing(base):
    with harness.postgres() as conninfo:
        rows = harness.company_rows(LAST, customers=20, days=60)
        harness.write_postgres(conninfo, rows)
        proxy = fault_proxy.Proxy(port_of(conninfo))
        results = {}
        for name in ("twin", "cut"):
            place = base / name
            place.mkdir()
            info = through(conninfo, proxy) if name == "cut" else conninfo
            config = harness.configuration(place, source=f'backend = "postgresql"\nconnection = "{info}"')
            assert harness.once(config, BEFORE).returncode == 0
            results[name] = (place, config)
        size = proxy.passed
        assert size > 10_000, size
        place, config = results["cut"]
        cuts = 100
        for n in range(cuts):
            proxy.mode, proxy.limit, proxy.passed = "cut", size * n // cuts, 0
            done = harness.once(config, LAST)
            assert done.returncode == 4, f"cut after {proxy.limit} bytes: {done.returncode} {done.stderr}"
            found = json.loads(done.stdout)
            assert not any(feed["loaded"] for feed in found["data"]), "a part of a source was believed"
            assert told_of(place, LAST) == [], "a cut told somebody something"
        proxy.mode = "pass"
        last = {}
        for name, (where, how) in results.items():
            done = harness.once(how, LAST)
            assert done.returncode == 0, done.stderr
            last[name] = (done.stdout, told_of(where, LAST))
        proxy.close()
        assert last["cut"] == last["twin"], "the cuts left a trace"
    return f"{cuts} cuts over {size} reply bytes: 0 told, the next cycle as if nothing had been"


def test_d2_a_silent_database_ends_in_time_and_leaves_the_metrics_quick(base):
    with harness.postgres() as conninfo:
        yesterday = dt.datetime.now(dt.timezone.utc).date() - dt.timedelta(days=1)
        harness.write_postgres(conninfo, harness.company_rows(yesterday, customers=20, days=60))
        proxy = fault_proxy.Proxy(port_of(conninfo))
        port = harness.free_port()
        source = f'backend = "postgresql"\nconnection = "{through(conninfo, proxy)}"'
        config = harness.configuration(
            base, source=source, source_extra='timeout = "2s"\nconnect_timeout = "2s"', metrics_port=port
        )
        with harness.Daemon(config, port) as daemon:
            daemon.wait_ready()
            before = daemon.metric("retaind_cycles_total", result="ok")
            harness.wait_until(lambda: harness.messages(base / "messages.jsonl"), 10, what="what was found at first")
            told = len(harness.messages(base / "messages.jsonl"))
            worst = {}
            for mode in ("stall", "drip"):
                proxy.mode = mode
                started = time.monotonic()
                harness.wait_until(
                    lambda: daemon.metric("retaind_source_up", source="main") == 0,
                    10,
                    0.05,
                    f"the end of a {mode} read",
                )
                took = time.monotonic() - started
                assert (
                    took <= 2 + 1 + 1.5
                ), f"{mode}: noticed after {took:.1f} s"  # up to one interval until the read begins
                times = []
                for _ in range(100):
                    begun = time.monotonic()
                    daemon.get("/metrics")
                    times.append(time.monotonic() - begun)
                worst[mode] = statistics.quantiles(times, n=100)[98]
                assert worst[mode] < 0.1, f"/metrics p99 {worst[mode]:.3f} s while the database is in {mode}"
                proxy.mode = "pass"
                harness.wait_until(
                    lambda: daemon.metric("retaind_source_up", source="main") == 1, 15, 0.1, "recovery"
                )
            assert (
                daemon.metric("retaind_cycles_total", result="skipped") >= 1
            ), "cycles that were due meanwhile must be counted"
            assert daemon.metric("retaind_cycles_total", result="ok") > before
            customers = [
                a
                for m in harness.messages(base / "messages.jsonl")[told:]
                for a in m["alerts"]
                if a["scope"] != "source"
            ]
            assert customers == [], customers
            proxy.mode = "stall"
            harness.wait_until(
                lambda: daemon.metric("retaind_source_up", source="main") == 0, 10, 0.05, "a stalled read"
            )
            took, code = daemon.stop(5)
            assert code == 0, code
        proxy.close()
    return f"/metrics p99 {1000 * max(worst.values()):.0f} ms meanwhile; SIGTERM in a stalled read took {took:.2f} s"


def days_before(n):
    return str(LAST - dt.timedelta(days=n))


def without(table, keeps):
    """Rows of a table are lost; `keeps(number, row)` says which stay."""

    def load(rows):
        rows[table] = [row for n, row in enumerate(rows[table]) if keeps(n, row)]

    return load


def changed(table, change):
    def load(rows):
        rows[table] = [change(n, row) for n, row in enumerate(rows[table])]

    return load


def repeated(table, times):
    def load(rows):
        rows[table] = [row[:-1] + (row[-1] + n,) for n in range(times) for row in rows[table]]

    return load


def put(row, column, value):
    return row[:column] + (value,) + row[column + 1 :]


# Rows that mean nothing. Each must be counted, whatever it is.
NONSENSE = [
    ("", days_before(3), 1.0),
    (None, days_before(3), 1.0),
    ("c001", days_before(3), "NaN"),
    ("c002", days_before(3), "inf"),
    ("c003", days_before(3), "-1e999"),
    ("c004", days_before(3)[:8] + "99", 1.0),
    ("c005", days_before(3) + "T25:61:00", 1.0),
    ("c006", days_before(3), "12,5"),
    ("c007", days_before(3), "0x10"),
    ("c008", days_before(3), b"\xff\xfe"),
    ("c009\x00c010", days_before(3), 1.0),
    (b"\xc3\x28", days_before(3), 1.0),
    ("x" * 100_000, days_before(3), 1.0),
    ("nobody", days_before(3), 1.0),
]


def test_d4_bad_rows_are_counted_and_touch_nobody(base):
    def once_with(bad):
        place = base / f"bad{bad}"
        place.mkdir()
        rows = harness.company_rows(LAST, customers=2_500, days=50)
        rows["usage"] += [NONSENSE[n % len(NONSENSE)] for n in range(bad)]
        harness.write_sqlite(place / "company.db", rows, shuffle=4)
        done = harness.once(harness.configuration(place), LAST)
        found = json.loads(done.stdout)
        return done.returncode, found, next(feed for feed in found["data"] if feed["dataset"] == "usage")

    code, good, feed = once_with(0)
    assert code == 0 and feed["rows"] > 90_000, (code, feed)
    code, found, feed = once_with(4_000)
    assert code == 0, feed
    assert found["customers"] == good["customers"], "bad rows changed somebody's scores"
    assert feed["rejected"] == 4_000, feed
    reasons = ", ".join(sorted(feed["reasons"]))
    code, found, feed = once_with(6_000)
    assert code == 4 and not feed["loaded"], "more than 5 % of bad rows must fail the source"
    return f"4,000 bad rows among {good_rows(good)}: {reasons}"


def good_rows(found):
    return sum(feed["rows"] for feed in found["data"])


# What bad loads look like: by name, what becomes of the rows.
SHAPES = {
    "no usage": without("usage", lambda n, row: False),
    "no customers": without("customers", lambda n, row: False),
    "no subscriptions": without("subscriptions", lambda n, row: False),
    "no promises": without("promises", lambda n, row: False),
    "no readings": without("readings", lambda n, row: False),
    "no people": without("people", lambda n, row: False),
    "half the customers, every other": without("customers", lambda n, row: n % 2),
    "half the customers, the first": without("customers", lambda n, row: n < 30),
    "half the customers, the last": without("customers", lambda n, row: n >= 30),
    "a third of the customers": without("customers", lambda n, row: n % 3 == 0),
    "one customer": without("customers", lambda n, row: n == 7),
    "half the subscriptions": without("subscriptions", lambda n, row: n % 2 == 0),
    "a third of the use": without("usage", lambda n, row: n % 3 == 0),
    "a tenth of the use": without("usage", lambda n, row: n % 10 == 0),
    "one row of use": without("usage", lambda n, row: n == 0),
    "the use of a third of the customers": without("usage", lambda n, row: int(row[0][1:]) < 20),
    "half the promises": without("promises", lambda n, row: n % 2),
    "use goes back 3 days": without("usage", lambda n, row: row[1] <= days_before(4)),
    "use goes back 10 days": without("usage", lambda n, row: row[1] <= days_before(11)),
    "use goes back a month": without("usage", lambda n, row: row[1] <= days_before(31)),
    "readings go back a month": without("readings", lambda n, row: row[1] <= days_before(40)),
    "use twice": repeated("usage", 2),
    "use three times": repeated("usage", 3),
    "use without dates": changed("usage", lambda n, row: put(row, 1, "not a date") if n % 3 else row),
    "use without numbers": changed("usage", lambda n, row: put(row, 2, "many") if n % 2 else row),
    "use of nobody": changed("usage", lambda n, row: put(row, 0, None) if n % 2 else row),
    "use of strangers": changed("usage", lambda n, row: put(row, 0, "x" + row[0])),
    "use in another century": changed("usage", lambda n, row: put(row, 1, "19" + row[1][2:])),
    "nobody uses anything": changed("usage", lambda n, row: put(row, 2, 0.0)),
    "all contracts ended": changed("subscriptions", lambda n, row: put(row, 5, days_before(1))),
    "all contracts ended a month ago": changed("subscriptions", lambda n, row: put(row, 5, days_before(30))),
}


def customers_of(text):
    return [(c["customer_id"], c["health"], c["band"]) for c in json.loads(text)["customers"]]


def ops_alerts(place):
    """(rule, entity) of everything that fired about data, not about customers."""
    told = harness.messages(place / "messages.jsonl")
    return [
        (a["rule"], a["entity"])
        for m in told
        for a in m["alerts"]
        if a["scope"] == "source" and a["transition"] == "fired"
    ]


def lived_four_days(place, rows):
    place.mkdir()
    config = harness.configuration(place)
    harness.write_sqlite(place / "company.db", rows)
    for n in range(4, 0, -1):
        assert harness.once(config, LAST - dt.timedelta(days=n)).returncode == 0
    return config


def test_d5_a_bad_load_tells_ops_and_nobody_else(base):
    good = harness.company_rows(LAST, customers=60, days=60)
    twin = harness.once(lived_four_days(base / "twin", good), LAST)
    right, told_rightly = customers_of(twin.stdout), told_of(base / "twin", LAST)
    for number, (shape, load) in enumerate(SHAPES.items()):
        place = base / f"d{number}"
        config = lived_four_days(place, good)
        bad = {table: list(rows) for table, rows in good.items()}
        load(bad)
        harness.write_sqlite(place / "company.db", bad)
        for _ in range(3):  # reading the same bad load again must change nothing
            done = harness.once(config, LAST)
            assert done.returncode in (0, 4), done.stderr
        assert told_of(place, LAST) == [], f"{shape}: told {told_of(place, LAST)}"
        heard = ops_alerts(place)
        assert len(heard) == 1, f"{shape}: ops heard {heard}"
        harness.write_sqlite(place / "company.db", good)
        done = harness.once(config, LAST)
        assert done.returncode == 0, done.stderr
        assert customers_of(done.stdout) == right, f"{shape}: left a trace in the scores"
        assert told_of(place, LAST) == told_rightly, f"{shape}: what is true was not told after all"
    return f"{len(SHAPES)} shapes: 0 spurious, 1 alert to ops each, then as if nothing had been"


harness.run_tests(globals())
