"""D1, D2, D5: a database that is cut, silent, or lies. Nobody is alerted because of it, and nothing stays wrong."""

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

LAST = dt.date(2026, 3, 31)
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


def broken(rows, shape):
    """What a bad load looks like."""
    rows = {table: list(data) for table, data in rows.items()}
    if shape.startswith("no "):
        rows[shape[3:]] = []
    if shape == "half the customers":
        gone = {row[0] for row in rows["customers"][::2]}
        rows["customers"] = [row for row in rows["customers"] if row[0] not in gone]
    if shape == "half the use":
        rows["usage"] = rows["usage"][::2][: len(rows["usage"]) // 3]
    if shape == "use ends a month ago":
        rows["usage"] = [row for row in rows["usage"] if row[1] < str(LAST - dt.timedelta(days=30))]
    if shape == "everything twice":
        rows["usage"] = rows["usage"] + [(c, d, v + 1) for c, d, v in rows["usage"]]
    if shape == "garbage dates":
        rows["usage"] = [(c, "not a date", v) if n % 2 else (c, d, v) for n, (c, d, v) in enumerate(rows["usage"])]
    if shape == "all ended":
        rows["subscriptions"] = [
            row[:5] + (str(LAST - dt.timedelta(days=1)), row[6]) for row in rows["subscriptions"]
        ]
    return rows


def test_d5_a_bad_load_tells_ops_and_nobody_else(base):
    shapes = [
        "no usage",
        "no customers",
        "no subscriptions",
        "half the customers",
        "half the use",
        "use ends a month ago",
        "everything twice",
        "garbage dates",
        "all ended",
    ]
    good = harness.company_rows(LAST, customers=60, days=60)
    for number, shape in enumerate(shapes):
        place = base / f"d{number}"
        place.mkdir()
        config = harness.configuration(place)
        harness.write_sqlite(place / "company.db", good)
        for n in range(4, 0, -1):
            assert harness.once(config, LAST - dt.timedelta(days=n)).returncode == 0
        harness.write_sqlite(place / "company.db", broken(good, shape))
        for _ in range(3):  # reading the same bad load again must change nothing
            done = harness.once(config, LAST)
            assert done.returncode in (0, 4), done.stderr
        told = told_of(place, LAST)
        assert told == [], f"{shape}: told {told}"
        harness.write_sqlite(place / "company.db", good)
        done = harness.once(config, LAST)
        assert done.returncode == 0, done.stderr
        twin = base / f"t{number}"
        twin.mkdir()
        how = harness.configuration(twin)
        harness.write_sqlite(twin / "company.db", good)
        for n in range(4, 0, -1):
            harness.once(how, LAST - dt.timedelta(days=n))
        right = harness.once(how, LAST)
        customers = lambda text: [(c["customer_id"], c["health"], c["band"]) for c in json.loads(text)["customers"]]
        assert customers(done.stdout) == customers(right.stdout), f"{shape}: left a trace in the scores"
    return f"{len(shapes)} shapes: 0 spurious, scores as if nothing had been"


def main():
    tests = [value for name, value in sorted(globals().items()) if name.startswith("test_")]
    if len(sys.argv) > 1:
        tests = [t for t in tests if sys.argv[1] in t.__name__]
    for test in tests:
        with harness.folder() as place:
            print(f"{test.__name__[5:].replace('_', ' ')}: {test(place)}", flush=True)
    print(f"{len(tests)} passed, 0 failed")


main()
