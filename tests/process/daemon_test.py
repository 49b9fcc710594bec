"""The daemon as users meet it: ready, scraped by a real Prometheus, mailing, calling a webhook, reloading, ending."""

import contextlib
import datetime as dt
import http.server
import json
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

YESTERDAY = dt.datetime.now(dt.timezone.utc).date() - dt.timedelta(days=1)


def start(place, **how):
    harness.write_sqlite(place / "company.db", harness.company_rows(YESTERDAY))
    port = harness.free_port()
    config = harness.configuration(place, metrics_port=port, **how)
    return config, harness.Daemon(config, port)


def test_metrics_are_clean_and_prometheus_scrapes_them(place):
    config, daemon = start(place)
    with daemon:
        daemon.wait_ready()
        page = daemon.get("/metrics")[1]
        checked = subprocess.run(["promtool", "check", "metrics"], input=page, text=True, capture_output=True)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        names = [line.rsplit(" ", 1)[0] for line in page.splitlines() if line and not line.startswith("#")]
        assert len(names) == len(set(names)), "a series stands twice"
        assert daemon.metric("retaind_source_up", source="main") == 1
        port = harness.free_port()
        (place / "prometheus.yml").write_text(
            "global: {scrape_interval: 1s}\nscrape_configs: [{job_name: retaind, "
            f"static_configs: [{{targets: ['127.0.0.1:{daemon.port}']}}]}}]\n"
        )
        prometheus = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={place}/prometheus.yml",
                f"--storage.tsdb.path={place}/tsdb",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:

            def customers():
                try:
                    with urllib.request.urlopen(
                        f"http://127.0.0.1:{port}/api/v1/query?query=sum(retaind_customers)", timeout=2
                    ) as reply:
                        result = json.load(reply)["data"]["result"]
                        return result and float(result[0]["value"][1])
                except OSError:
                    return None

            seen = harness.wait_until(customers, 30, 0.2, "the scrape")
            assert seen == 30, seen
        finally:
            prometheus.terminate()
            prometheus.wait(10)
        took, code = daemon.stop()
        assert code == 0 and took < 5, (took, code)
    return f"{len(names)} series, clean, scraped; SIGTERM took {took:.2f} s"


def test_reload_takes_good_rules_and_keeps_the_old_for_bad_ones(place):
    config, daemon = start(place)
    with daemon:
        daemon.wait_ready()

        def rules_hash():
            return next(
                line for line in daemon.get("/metrics")[1].splitlines() if line.startswith("retaind_rules_info")
            )

        before = rules_hash()
        (place / "rules.toml").write_text(harness.RULES.replace("quiet_days >= 10", "quiet_days >= 12"))
        daemon.signal(signal.SIGHUP)
        harness.wait_until(lambda: rules_hash() != before, 15, what="the new rules")
        assert daemon.metric("retaind_config_last_reload_successful") == 1
        good = rules_hash()
        (place / "rules.toml").write_text(harness.RULES.replace("quiet_days >= 10", "quite_days >= 12"))
        daemon.signal(signal.SIGHUP)
        harness.wait_until(
            lambda: daemon.metric("retaind_config_last_reload_successful") == 0, 15, what="the refusal"
        )
        time.sleep(1.5)  # one more cycle at least
        assert rules_hash() == good, "a bad reload changed the rules"
        said = daemon.text()
        assert "rules.toml:" in said and "quiet_days" in said, said
        assert daemon.is_ready()
    return "good reload taken, bad one refused and named"


def test_reload_takes_shorter_retention_and_keeps_what_a_renamed_rule_has(place):
    config, daemon = start(place)
    with contextlib.closing(sqlite3.connect(place / "company.db")) as company, company:
        since = str(YESTERDAY - dt.timedelta(days=13))
        company.execute("DELETE FROM usage WHERE customer_id = 'c001' AND at >= ?", (since,))
    with daemon:
        daemon.wait_ready()

        def alerts(*words):
            said = harness.retaind("alerts", *words, "--json", "--config", config)
            assert said.returncode == 0, said.stderr
            return json.loads(said.stdout)

        def deliveries(query, *values):
            with contextlib.closing(sqlite3.connect(place / "state.db", timeout=30)) as state, state:
                return state.execute(query, values).fetchall()

        count = "SELECT count(*) FROM outbox WHERE status = 'delivered'"
        harness.wait_until(lambda: deliveries(count)[0][0] > 0, what="a delivery")
        told = alerts("show", "gone_quiet/c001")
        alerts("ack", "gone_quiet/c001", "--by", "maria")
        deliveries("UPDATE outbox SET created_at = created_at - 172800")
        renamed = harness.RULES.replace("[rule.gone_quiet]", '[rule.silent]\nwas = "gone_quiet"')
        (place / "rules.toml").write_text(renamed)
        config.write_text(config.read_text() + '\n[state.retention]\npayloads = "1d"\n')
        daemon.signal(signal.SIGHUP)
        harness.wait_until(lambda: alerts("list", "--rule", "silent")["alerts"], what="the new name")
        kept = alerts("show", "silent/c001")
        assert kept["handling"]["acknowledged_by"] == "maria", kept
        assert kept["events"] == told["events"] and kept["episode"] == told["episode"], kept
        assert [act["kind"] for act in kept["acts"]] == ["on_it"], kept
        harness.wait_until(lambda: deliveries(count)[0][0] == 0, what="what is kept no longer")
        assert "need a restart" not in daemon.text(), daemon.text()
    return "renamed with its answer; payloads of two days ago went"


def test_a_second_daemon_on_the_same_state_refuses(place):
    config, daemon = start(place)
    with daemon:
        daemon.wait_ready()
        second = harness.retaind("run", "--config", config)
        assert second.returncode == 5, second
        assert "lock" in second.stderr or "another" in second.stderr, second.stderr
    return "refused with exit code 5"


class Mail:
    def __init__(self, place):
        self.port = harness.free_port()
        self.file = place / "mail.jsonl"
        self.process = subprocess.Popen(
            [
                "/usr/bin/python3",
                str(pathlib.Path(__file__).resolve().parents[1] / "support/mail_sink.py"),
                str(self.port),
                str(self.file),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline().strip() == "ready"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)


def test_mail_reaches_the_managers(place):
    with Mail(place) as sink:
        receivers = (
            f'[receiver.managers]\ntype = "email"\nsmtp = "smtp://127.0.0.1:{sink.port}"\n'
            'from = "retaind@example.org"\nto = "{recipient}"\n\n[[route]]\nreceivers = ["managers"]\n'
        )
        config, daemon = start(place, receivers=receivers)
        with daemon:
            daemon.wait_ready()
            mails = harness.wait_until(
                lambda: len(harness.messages(sink.file)) >= 3 and harness.messages(sink.file), 20, what="the mail"
            )
            harness.wait_until(
                lambda: daemon.metric("retaind_deliveries_total", receiver="managers", result="delivered"),
                10,
                what="the count",
            )
        import email

        addressed = {m["to"][0] for m in mails}
        assert addressed >= {"m0@example.org", "m1@example.org", "m2@example.org"}, addressed
        parsed = email.message_from_string(mails[0]["content"])
        kinds = {part.get_content_type() for part in parsed.walk()}
        assert {"text/plain", "text/html"} <= kinds, kinds
        assert parsed["Message-ID"] and parsed["Subject"]
    return f"{len(mails)} mails, multipart, one recipient each"


def test_the_webhooks_signature_verifies_with_openssl(place):
    seen = []

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (place / "key").write_text("a-shared-secret")
    receivers = (
        f'[receiver.hook]\ntype = "webhook"\nurl = "http://127.0.0.1:{server.server_port}/alerts"\n'
        f'hmac_key_file = "{place}/key"\n\n'
        '[[route]]\nreceivers = ["hook"]\n'
    )
    config, daemon = start(place, receivers=receivers)
    with daemon:
        daemon.wait_ready()
        harness.wait_until(lambda: seen, 20, what="the call")
    server.shutdown()
    headers, body = seen[0]
    headers = {k.lower(): v for k, v in headers.items()}
    signed = headers["x-retaind-timestamp"].encode() + b"." + body
    made = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", "a-shared-secret"], input=signed, capture_output=True, check=True
    )
    expected = made.stdout.decode().split()[-1]
    assert headers["x-retaind-signature"] == f"sha256={expected}", headers
    assert headers["idempotency-key"] == json.loads(body)["delivery_id"]
    return "signature verified by openssl"


def test_a_failed_turn_is_tried_again_soon_and_counted_once(place):
    """The state has lost a table: each turn fails at once, and the next follows after 10 s."""
    harness.write_sqlite(place / "company.db", harness.company_rows(YESTERDAY))
    port = harness.free_port()
    config = harness.configuration(place, metrics_port=port, interval="15m")
    done = harness.once(config, YESTERDAY)
    assert done.returncode == 0, done.stderr
    with contextlib.closing(sqlite3.connect(place / "state.db")) as state, state:
        state.execute("ALTER TABLE feed_day RENAME TO lost")
    with harness.Daemon(config, port) as daemon:

        def failed():
            try:
                return daemon.metric("retaind_cycles_total", result="failed")
            except OSError:
                return None

        harness.wait_until(failed, 20, what="the first failure")
        started = time.monotonic()
        harness.wait_until(lambda: failed() >= 2, 15, what="the second try")
        took = time.monotonic() - started
        assert took > 5, f"tried again after {took:.1f} s"
        assert not daemon.metric("retaind_cycles_total", result="skipped")
        ended, code = daemon.stop()
        assert code == 0 and ended < 5, (ended, code)
    return f"tried again after {took:.1f} s"


def test_reloads_delay_no_turn(place):
    """One reload after another, each long before the next turn is due: it comes all the same."""
    config, daemon = start(place, interval="4s")
    with daemon:
        daemon.wait_ready()

        def turns():
            return daemon.metric("retaind_cycles_total", result="ok")

        before, reloads = turns(), 0
        end = time.monotonic() + 20
        while turns() == before and time.monotonic() < end:
            said = daemon.text().count("reloaded: rules")
            daemon.signal(signal.SIGHUP)
            harness.wait_until(lambda: daemon.text().count("reloaded: rules") > said, 10, what="the reload")
            reloads += 1
        assert turns() > before, f"no turn within 20 s of {reloads} reloads"
        assert reloads > 1
    return f"a turn came in spite of {reloads} reloads"


class SilentHook:
    """Accepts calls and never answers."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.calls = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                self.calls.append(self.socket.accept())
            except OSError:
                return


def test_stops_are_quick_and_cost_a_message_nothing(place):
    hook = SilentHook()
    receivers = (
        f'[receiver.hook]\ntype = "webhook"\nurl = "http://127.0.0.1:{hook.port}/"\n\n'
        '[[route]]\nreceivers = ["hook"]\n'
    )
    config, daemon = start(place, receivers=receivers, interval="15m")
    worst = 0
    for stop in range(4):
        with daemon if stop == 0 else harness.Daemon(config, daemon.port) as running:
            harness.wait_until(lambda: len(hook.calls) > stop, 20, what="a call")
            running.signal(signal.SIGHUP)
            harness.wait_until(
                lambda: "reloaded: rules" in running.text().split("stopping")[-1], 10, what="the reload"
            )
            took, code = running.stop()
            assert code == 0 and took < 5, (took, code)
            worst = max(worst, took)
    rows = sqlite3.connect(place / "state.db").execute("SELECT status, attempts, claims FROM outbox").fetchall()
    assert ("retry", 0, 0) in rows and not [row for row in rows if row[0] == "quarantined"], rows
    hook.socket.close()
    return f"four stops, {worst:.2f} s at most; the message still goes out"


harness.run_tests(globals())
