"""The daemon under a service manager: what it says to it, what feeds the watchdog, what the log holds; healthcheck."""

import contextlib
import datetime as dt
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

YESTERDAY = dt.datetime.now(dt.timezone.utc).date() - dt.timedelta(days=1)
PATIENCE = 6.0  # of the service manager; more than the sources of these tests may be silent
QUICK_SOURCE = 'timeout = "1s"\nconnect_timeout = "1s"'


class Manager:
    """Takes down what a service tells its manager, with the time."""

    def __init__(self, place):
        self.path = str(place / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.said = []
        threading.Thread(target=self._listen, daemon=True).start()

    def environment(self, watchdog=True):
        told = {"NOTIFY_SOCKET": self.path}
        return told | ({"WATCHDOG_USEC": str(int(PATIENCE * 1e6))} if watchdog else {})

    def _listen(self):
        while True:
            text = self.socket.recv(65536).decode()
            self.said += [(time.monotonic(), line) for line in text.splitlines()]

    def wait_for(self, pattern, since=0, seconds=20):
        """The first line since then that matches, with its place."""

        def found():
            lines = list(enumerate(self.said))[since:]
            return next(((n, line) for n, (_, line) in lines if re.match(pattern, line)), None)

        return harness.wait_until(found, seconds, what=f"{pattern}: only {[line for _, line in self.said]}")

    def fed(self, since=0.0):
        return [at for at, line in list(self.said) if line == "WATCHDOG=1" and at >= since]


@contextlib.contextmanager
def daemon(place, watchdog=True, env=None, **how):
    harness.write_sqlite(place / "company.db", harness.company_rows(YESTERDAY))
    port = harness.free_port()
    how.setdefault("source_extra", QUICK_SOURCE)
    config = harness.configuration(place, metrics_port=port, **how)
    manager = Manager(place)
    with harness.Daemon(config, port, env=manager.environment(watchdog) | (env or {})) as running:
        yield running, manager, config


def test_says_ready_status_reloading_and_stopping(place):
    with daemon(place) as (running, manager, _):
        ready, _ = manager.wait_for("READY=1")
        _, status = manager.wait_for("STATUS=as of", ready)
        assert f"as of {YESTERDAY}: 30 customers" in status, status
        running.signal(signal.SIGHUP)
        reloading, _ = manager.wait_for("RELOADING=1", ready)
        manager.wait_for("READY=1", reloading)
        running.stop()
        manager.wait_for("STOPPING=1", reloading)
    return status


def test_a_loop_that_waits_feeds_the_watchdog(place):
    with daemon(place, interval="1h") as (running, manager, _):
        running.wait_ready()
        start = time.monotonic()
        harness.wait_until(lambda: len(manager.fed(start)) >= 4, PATIENCE, what="four feedings of one that waits")
        assert running.get("/healthz")[0] == 200
    return f"every {(manager.fed(start)[-1] - start) / 4:.2f} s"


def test_a_worker_that_hangs_does_not_though_the_loop_turns(place):
    passed = place / "passed"
    env = {"RETAIND_HANG": "cycle.evaluated", "RETAIND_FAILPOINT_LOG": str(passed)}
    with daemon(place, env=env) as (running, manager, _):
        manager.wait_for("READY=1")
        harness.wait_until(lambda: "cycle.evaluated" in passed.read_text(), what="the place where it hangs")
        begun = time.monotonic()
        unhealthy = lambda: running.get("/healthz")[0] == 503
        harness.wait_until(unhealthy, 3 * PATIENCE, 0.1, "that a hung worker shows")
        assert not manager.fed(begun + PATIENCE / 4), "the watchdog was fed for a worker that hangs"
        assert harness.retaind("healthcheck", "--config", place / "retaind.toml").returncode == 1
        running.process.kill()
    return f"not fed from {PATIENCE / 4} s on; /healthz is 503"


def slow_datasets(count, seconds):
    """Datasets of one source, each of which keeps the database busy for about so long."""
    numbers = (
        "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT max(i) AS i FROM n)"
    )
    start = time.monotonic()
    sqlite3.connect(":memory:").execute("SELECT * FROM " + numbers.format(1_000_000)).fetchone()
    busy = numbers.format(int(1_000_000 * seconds / (time.monotonic() - start)))
    query = f"SELECT customer_id, at, value FROM usage, {busy} WHERE at >= :from AND at < :to"
    dataset = '[dataset.slow_{}]\nsource = "main"\nkind = "events"\nquery = "{}"\n'
    return "".join(dataset.format(n, query) for n in range(count))


def test_a_cycle_that_runs_long_and_moves_is_left_alone(place):
    extra = slow_datasets(10, 0.1 * PATIENCE)
    with daemon(place, extra=extra, interval="1h", source_extra='timeout = "3s"\nconnect_timeout = "1s"') as (
        running,
        manager,
        _,
    ):
        begun, _ = manager.wait_for("READY=1")
        ended, _ = manager.wait_for("STATUS=as of", begun, 10 * PATIENCE)
        assert running.metric("retaind_source_up", source="main") == 1, running.text()
        took = manager.said[ended][0] - manager.said[begun][0]
        assert took > PATIENCE, f"not long enough to show anything: {took}"
        fed = [
            at for at, line in manager.said[begun : ended + 1] if line == "WATCHDOG=1" or line.startswith("STATUS")
        ]
        gaps = [after - before for before, after in zip([manager.said[begun][0], *fed], fed)]
        assert max(gaps) < PATIENCE, gaps
    return f"a cycle of {took:.1f} s, fed after {max(gaps):.1f} s at the latest"


def test_asks_for_more_patience_where_a_source_may_be_silent_for_longer(place):
    with daemon(place, source_extra='timeout = "40s"') as (running, manager, config):
        _, asked = manager.wait_for("WATCHDOG_USEC=")
        assert asked == f"WATCHDOG_USEC={41 * 5 // 4 * 1_000_000}", asked
        config.write_text(config.read_text().replace('timeout = "40s"', 'timeout = "80s"'))
        running.signal(signal.SIGHUP)
        manager.wait_for(f"WATCHDOG_USEC={81 * 5 // 4 * 1_000_000}$")
    return asked


def test_json_lines_have_fields(place):
    receivers = '[receiver.hook]\ntype = "webhook"\nurl = "http://127.0.0.1:9/"\n\n[[route]]\nreceivers = ["hook"]\n'
    with daemon(place, receivers=receivers, extra='[log]\nformat = "json"\n') as (running, _, _):
        running.wait_ready()

        def lines():
            return [json.loads(line) for line in running.text().splitlines()]

        failed = harness.wait_until(
            lambda: [line for line in lines() if line.get("receiver") == "hook"], what="a failed delivery"
        )[0]
        assert failed["level"] == "warning" and failed["error_class"] == "connect" and failed["delivery_id"], failed
        opened = [line for line in lines() if line.get("rule") == "gone_quiet"]
        assert len(opened) == 6 and opened[0]["customer_id"] == "c000" and "fired" in opened[0]["message"], opened
        cycles = [line["cycle"] for line in lines() if "cycle" in line]
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", cycle) for cycle in cycles), cycles
        assert all(set(line) >= {"time", "level", "message"} for line in lines())
    return opened[0]["message"]


def test_under_the_journal_text_has_priorities(place):
    """Only while stderr is the stream that systemd says it is."""
    log = open(place / "daemon.log", "a")
    own = os.fstat(log.fileno())
    for stream, begins in ((f"{own.st_dev}:{own.st_ino}", "<6>retaind "), ("1:1", "retaind: retaind ")):
        with daemon(place, env={"JOURNAL_STREAM": stream}, extra='[log]\nformat = "text"\n') as (running, _, _):
            running.wait_ready()
            assert any(line.startswith(begins) for line in running.text().splitlines()), running.text()
        os.truncate(place / "daemon.log", 0)
        (place / "notify").unlink()
    return "<6> only there"


def test_healthcheck_asks_the_address_of_the_configuration(place):
    with daemon(place) as (running, _, config):
        running.wait_ready()
        for more in ((), ("--ready",)):
            done = harness.retaind("healthcheck", "--config", config, *more)
            assert done.returncode == 0 and done.stdout.endswith(": ok\n"), done
        port = running.port
        config.write_text(config.read_text().replace(f'"127.0.0.1:{port}"', f'"0.0.0.0:{port}"'))
        assert harness.retaind("healthcheck", "--config", config).returncode == 0
        running.stop()
    done = harness.retaind("healthcheck", "--config", config)
    assert done.returncode == 1 and "no answer" in done.stdout, done
    done = harness.retaind("healthcheck", "--config", place / "none.toml")
    assert "none.toml" in done.stderr and "default address 127.0.0.1:9848" in done.stderr, done
    assert done.stdout.startswith("127.0.0.1:9848/healthz: "), done
    return "0 while it runs, 1 after"


def test_a_configuration_that_is_refused_is_in_the_log_line_by_line(place):
    config = harness.configuration(place)
    config.write_text(config.read_text().replace("interval", "intreval"))
    refused = harness.retaind("run", "--config", config)
    assert refused.returncode == 3 and not refused.stdout, refused
    lines = refused.stderr.splitlines()
    assert lines and all(line.startswith("retaind: ") for line in lines), lines
    assert any("intreval" in line and "retaind.toml:" in line for line in lines), lines
    refused = harness.retaind("run", "--json", "--config", config)
    said = [json.loads(line) for line in refused.stderr.splitlines()]
    assert refused.returncode == 3 and not refused.stdout, refused
    assert said and all(line["error_class"] == "config" for line in said), said
    return said[0]["message"]


harness.run_tests(globals())
