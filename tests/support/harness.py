"""What the process tests share: a small company, a configuration for it, the daemon as a process, real servers.

Everything lives in a temporary folder and listens on loopback; every process started here is ended here, by its id.
"""

import atexit
import contextlib
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import datetime as dt

ROOT = pathlib.Path(os.environ.get("RETAIND_ROOT", pathlib.Path(__file__).resolve().parents[2]))
BINARY = os.environ.get("RETAIND_BINARY", str(ROOT / "build/process/daemon/retaind"))
POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def needs_faketime():
    """libfaketime, or the test is skipped. What killed processes leave of it in shared memory is removed at the end: a
    later process of the same number would fail on it."""
    library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        skip("libfaketime is not installed")
    atexit.register(_forget_the_dead)
    return str(library)


def _forget_the_dead():
    for left in pathlib.Path("/dev/shm").glob("*faketime_s*"):
        with contextlib.suppress(OSError):
            if left.stat().st_uid == os.getuid() and not pathlib.Path("/proc", left.name.rsplit("_")[-1]).exists():
                left.unlink()


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(77)


def run_tests(module):
    """All functions test_*, in the order of their names, or those whose name has the first argument in it; each in a
    folder of its own. What a test returns says what was seen."""
    tests = [value for name, value in sorted(module.items()) if name.startswith("test_")]
    if len(sys.argv) > 1:
        tests = [test for test in tests if sys.argv[1] in test.__name__]
    for test in tests:
        with folder() as place:
            print(f"{test.__name__[5:].replace('_', ' ')}: {test(place)}", flush=True)
    print(f"{len(tests)} passed, 0 failed")


@contextlib.contextmanager
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="retaind-test-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def wait_until(condition, seconds=20, every=0.02, what="the condition"):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(every)
    raise AssertionError(f"{what} did not come true within {seconds} s")


# -- a small company -------------------------------------------------------------------------------------------------

SCHEMA = {
    "customers": "customer_id TEXT, name TEXT, segment TEXT, motion TEXT, account_manager TEXT",
    "subscriptions": "subscription_id TEXT, customer_id TEXT, status TEXT, started_on DATE, renews_on DATE, "
    "ended_on DATE, mrr TEXT",
    "usage": "customer_id TEXT, at DATE, value DOUBLE PRECISION",
    "touchpoints": "customer_id TEXT, at DATE, kind TEXT",
    "promises": "promise_id TEXT, customer_id TEXT, outcome TEXT, kind TEXT, starts_on DATE, due_on DATE, "
    "target DOUBLE PRECISION, baseline DOUBLE PRECISION, promised_by TEXT",
    "readings": "promise_id TEXT, at DATE, value DOUBLE PRECISION",
    "people": "person_id TEXT, name TEXT, email TEXT, deputy_id TEXT, away_until DATE",
}


def company_rows(last, customers=30, days=100, seed=11):
    """Customers c000.. with daily use until `last`; every fifth one stops two weeks before the end."""
    rng = random.Random(seed)
    rows = {name: [] for name in SCHEMA}
    first = last - dt.timedelta(days=days - 1)
    for n in range(customers):
        c = f"c{n:03d}"
        rows["customers"].append(
            (c, f"Customer {n}", ["north", "south"][n % 2], ["price", "product", "insight"][n % 3], f"m{n % 3}")
        )
        rows["subscriptions"].append(
            (
                f"s{n:03d}",
                c,
                "active",
                str(last - dt.timedelta(days=400)),
                str(last + dt.timedelta(days=30 + n)),
                None,
                f"{100 + n}.50",
            )
        )
        level = rng.uniform(3, 12)
        for d in range(days):
            day = first + dt.timedelta(days=d)
            if n % 5 == 0 and (last - day).days < 14:
                continue
            if rng.random() < 0.8:
                rows["usage"].append((c, str(day), round(rng.uniform(0.5, 1.5) * level, 3)))
        for d in range(5, days, 30):
            rows["touchpoints"].append((c, str(first + dt.timedelta(days=d)), "service" if n % 2 else "sales"))
        if n % 3 == 0:
            p = f"p{n:03d}"
            rows["promises"].append(
                (
                    p,
                    c,
                    "tickets answered within a day",
                    "reach",
                    str(first),
                    str(last + dt.timedelta(days=60)),
                    100.0,
                    0.0,
                    "s0",
                )
            )
            for d in range(0, days, 10):
                rows["readings"].append((p, str(first + dt.timedelta(days=d)), round((0.2 if n % 2 else 0.7) * d, 3)))
    rows["people"] = [(f"m{n}", f"Manager {n}", f"m{n}@example.org", None, None) for n in range(3)] + [
        ("s0", "Seller", "s0@example.org", None, None)
    ]
    return rows


def write_sqlite(path, rows, shuffle=None):
    db = sqlite3.connect(path)
    for table, columns in SCHEMA.items():
        db.execute(f'DROP TABLE IF EXISTS "{table}"')
        db.execute(f'CREATE TABLE "{table}" ({columns})')
        data = list(rows[table])
        if shuffle is not None:
            random.Random(shuffle).shuffle(data)
        marks = ",".join("?" * len(columns.split(",")))
        db.executemany(f'INSERT INTO "{table}" VALUES ({marks})', data)
    db.commit()
    db.close()


RULES = """
schema = 1
name = "small"

[group.use]
weight = 60
[group.outcomes]
weight = 40

[signal.use_change]
group = "use"
weight = 2
from = "usage"
measure = "ratio"
window = "14d"
baseline = "28d"
scale = { ramp = { bad = 0.2, good = 0.9 } }

[signal.quiet_days]
group = "use"
from = "usage"
measure = "days_since"
scale = { recency = { grace = 3, halflife = 7 } }

[signal.outlook]
group = "outcomes"
from = "promises"
measure = "kept_probability"
applies = ["promises >= 1"]
scale = { ramp = { bad = 0.1, good = 0.9 } }

[risk]
horizon = "28d"
base_rate = 0.04

[rule.gone_quiet]
when = ["quiet_days >= 10"]
clear = ["quiet_days <= 3"]
severity = "warning"
notify = ["account_manager"]
message = "{name} has not been seen for {quiet_days} days."
advice = "Call."

[rule.health_low]
when = ["health < 40"]
clear = ["health >= 46"]
severity = "critical"
notify = ["account_manager"]
message = "{name}: health {health}."

[rule.promise_drifts]
scope = "promise"
when = ["pace <= -0.15"]
clear = ["pace >= -0.05"]
severity = "warning"
notify = ["account_manager", "seller"]
message = "{customer.name}: {outcome} is {days_behind:days}, due {due_on:date}."
"""


def configuration(
    place,
    source='backend = "sqlite3"\nconnection = "db={company}"',
    receivers="",
    metrics_port=0,
    extra="",
    source_extra="",
    interval="1s",
):
    """Writes retaind.toml and rules.toml into `place` and returns the path of the former."""
    (place / "rules.toml").write_text(RULES)
    datasets = ""
    for table in SCHEMA:
        dated = " WHERE at >= :from AND at < :to" if table in ("usage", "touchpoints", "readings") else ""
        columns = ", ".join(column.split()[0] for column in SCHEMA[table].split(", "))
        datasets += f'\n[dataset.{table}]\nsource = "main"\nquery = "SELECT {columns} FROM \\"{table}\\"{dated}"\n'
    source = source.format(company=place / "company.db")
    if not receivers:
        receivers = (
            f'[receiver.file]\ntype = "file"\npath = "{place}/messages.jsonl"\n\n[[route]]\nreceivers = ["file"]\n'
        )
    text = f"""
[daemon]
interval = "{interval}"
rules = ["{place}/rules.toml"]
history = "120d"
external_url = "https://retaind.example.org"

[state]
backend = "sqlite3"
connection = "db={place}/state.db"

[source.main]
{source}
{source_extra}
{datasets}
[currency]
base = "EUR"
default = "EUR"

{receivers}

[http]
listen = "127.0.0.1:{free_port()}"
[metrics]
listen = "127.0.0.1:{metrics_port or free_port()}"
{extra}
"""
    path = place / "retaind.toml"
    path.write_text(text)
    return path


# -- the program as a process ----------------------------------------------------------------------------------------


def retaind(*arguments, env=None, timeout=120):
    full = dict(os.environ)
    full.update(env or {})
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, env=full)


def once(config, day, *more, env=None):
    return retaind("once", "--config", config, "--as-of", day, "--json", *more, env=env)


def messages(path, cut_off=False):
    """What a file receiver was told. With `cut_off`, lines that a kill may have cut off in the middle of their writing
    are left out: their messages are sent again."""
    path = pathlib.Path(path)
    if not path.exists():
        return []
    read = []
    for line in path.read_text().splitlines():
        try:
            read += [json.loads(line)] if line.strip() else []
        except ValueError:
            if not cut_off:
                raise
    return read


class Daemon:
    def __init__(self, config, port, env=None):
        self.port = port
        self.log = open(pathlib.Path(config).parent / "daemon.log", "a+")
        full = dict(os.environ)
        full.update(env or {})
        self.process = subprocess.Popen(
            [BINARY, "run", "--config", str(config)], stderr=self.log, stdout=subprocess.DEVNULL, env=full
        )

    def get(self, path, timeout=5):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read().decode()
        finally:
            connection.close()

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the daemon ended with {self.process.returncode}: {self.text()}")
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def wait_ready(self, seconds=30):
        wait_until(self.is_ready, seconds, what="readiness")
        return self

    def metric(self, name, **labels):
        """The value of one sample; None when it is not there."""
        wanted = {f'{k}="{v}"' for k, v in labels.items()}
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(name + ("{" if labels else " ")):
                inside = set(line[line.find("{") + 1 : line.rfind("}")].split(",")) if "{" in line else set()
                if wanted <= inside:
                    return float(line.rsplit(" ", 1)[1])
        return None

    def text(self):
        self.log.flush()
        return pathlib.Path(self.log.name).read_text()

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, seconds=5):
        """SIGTERM; returns how long the end took and the exit code."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=seconds)
        return time.monotonic() - started, code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()


@contextlib.contextmanager
def postgres():
    """A PostgreSQL server of our own; yields a conninfo. The server refuses to run as root, so it runs as postgres."""
    if not (POSTGRES / "initdb").exists():
        skip("PostgreSQL's server programs are not installed")
    place = pathlib.Path(tempfile.mkdtemp(prefix="retaind-pg-"))
    port = free_port()
    as_root = os.geteuid() == 0
    if as_root:
        shutil.chown(place, "postgres")

    def run(*command):
        prefix = ["runuser", "-u", "postgres", "--"] if as_root else []
        subprocess.run(prefix + [str(c) for c in command], check=True, capture_output=True, cwd="/")

    run(
        POSTGRES / "initdb",
        "-D",
        place / "data",
        "-A",
        "trust",
        "-U",
        "retaind",
        "--no-sync",
        "-E",
        "UTF8",
        "--locale=C",
    )
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={place} -c fsync=off"
    run(POSTGRES / "pg_ctl", "-D", place / "data", "-w", "-l", place / "log", "-o", options, "start")
    try:
        yield f"host=127.0.0.1 port={port} user=retaind dbname=postgres"
    finally:
        run(POSTGRES / "pg_ctl", "-D", place / "data", "-m", "immediate", "stop")
        shutil.rmtree(place, ignore_errors=True)


def write_postgres(conninfo, rows, shuffle=None):
    sql = ["BEGIN;"]
    for table, columns in SCHEMA.items():
        sql.append(f'DROP TABLE IF EXISTS "{table}"; CREATE TABLE "{table}" ({columns});')
        data = list(rows[table])
        if shuffle is not None:
            random.Random(shuffle).shuffle(data)
        sql.append(f'COPY "{table}" FROM stdin;')
        sql += [
            "\t".join("\\N" if v is None else repr(v) if isinstance(v, float) else str(v) for v in row)
            for row in data
        ]
        sql.append("\\.")
    sql.append("COMMIT;")
    subprocess.run(
        ["psql", "-q", "-v", "ON_ERROR_STOP=1", conninfo],
        input="\n".join(sql) + "\n",
        text=True,
        check=True,
        capture_output=True,
    )
