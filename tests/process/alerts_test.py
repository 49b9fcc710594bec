"""`alerts ...` and the links in messages, beside a running daemon: seen at once, and in what is sent next."""

import contextlib
import datetime as dt
import http.client
import http.server
import json
import pathlib
import re
import sqlite3
import sys
import threading
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

YESTERDAY = dt.datetime.now(dt.timezone.utc).date() - dt.timedelta(days=1)


def company(place, customers=20, **how):
    """Everybody comes every day; c000, c005, ... stopped two weeks ago."""
    harness.write_sqlite(place / "company.db", harness.company_rows(YESTERDAY, customers=customers, days=60))
    port = harness.free_port()
    return harness.configuration(place, metrics_port=port, **how), port


def alerts(config, *words, code=0):
    done = harness.retaind("alerts", *words, "--config", config)
    assert done.returncode == code, (words, done)
    return done


def read(config, *words):
    return json.loads(alerts(config, *words, "--json").stdout)


def firing(config):
    return {a["name"]: a for a in read(config, "list")["alerts"] if a["state"] == "firing"}


def wait_firing(config, daemon):
    daemon.wait_ready()
    found = firing(config)
    assert found, daemon.text()
    return found


def http_address(config):
    return re.search(r"\[http\]\s+listen = \"([^\"]+)\"", config.read_text()).group(1)


def ask(config, path, form=None):
    connection = http.client.HTTPConnection(http_address(config), timeout=5)
    try:
        if form is None:
            connection.request("GET", path)
        else:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", path, urllib.parse.urlencode(form), headers)
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


def links(place):
    """By (rule, entity): the path of the newest link."""
    found = {}
    for message in harness.messages(place / "messages.jsonl"):
        for alert in message["alerts"]:
            if alert.get("link"):
                found[alert["rule"], alert["entity"]] = urllib.parse.urlparse(alert["link"]).path
    return found


def test_answers_beside_the_daemon_are_seen_at_once(place):
    config, port = company(place)
    with harness.Daemon(config, port) as daemon:
        names = sorted(wait_firing(config, daemon))
        one, two = names[:2]
        alerts(config, "ack", one, "--comment", "calling them", "--by", "kim")
        alerts(config, "snooze", two, "--until", "7d", "--reason", "season break")
        shown = read(config, "show", one)
        assert shown["handling"]["acknowledged_by"] == "kim", shown
        assert [a["comment"] for a in shown["acts"]] == ["calling them"], shown
        assert read(config, "show", shown["alert_id"][:8])["name"] == one
        assert read(config, "show", two)["handling"]["snoozed_until"] is not None
        alerts(config, "resume", two)
        assert read(config, "show", two)["handling"]["snoozed_until"] is None
        nothing = alerts(config, "ack", one[:-1] + "x", code=2)
        assert "did you mean" in nothing.stderr, nothing
        alerts(config, "snooze", one, "--until", "400d", "--reason", "r", code=2)
    assert len(read(config, "show", one)["acts"]) == 1, "and without the daemon"
    return f"{len(names)} alerts; acknowledged, snoozed, resumed, refused"


def test_what_is_silenced_waits_until_the_silence_ends(place):
    config, port = company(place)
    harness.write_sqlite(place / "company.db", harness.company_rows(YESTERDAY, customers=20, days=60))
    assert harness.retaind("once", "--config", config, "--as-of", YESTERDAY - dt.timedelta(days=9)).returncode == 0
    before = len(harness.messages(place / "messages.jsonl"))
    silence = read(config, "silence", "--match", 'rule == "gone_quiet"', "--until", "1d", "--comment", "moving")
    silence_id = silence["silences"][0]["id"]

    def told():
        messages = harness.messages(place / "messages.jsonl")[before:]
        return sorted(a["entity"] for m in messages for a in m["alerts"] if a["rule"] == "gone_quiet")

    with harness.Daemon(config, port) as daemon:
        quiet = [a["entity"] for a in wait_firing(config, daemon).values() if a["rule"] == "gone_quiet"]
        assert quiet, firing(config)
        cycles = daemon.metric("retaind_cycles_total", result="ok")
        harness.wait_until(
            lambda: daemon.metric("retaind_cycles_total", result="ok") >= cycles + 2, what="two cycles"
        )
        assert told() == [], told()
        assert read(config, "silence", "--list")["silences"][0]["comment"] == "moving"
        alerts(config, "silence", "--end", silence_id)
        harness.wait_until(lambda: set(told()) == set(quiet), what="what was silenced is told")
        assert read(config, "silence", "--list")["silences"] == []
    alerts(config, "silence", "--end", silence_id, code=2)
    return f"{len(quiet)} alerts silenced, told when the silence ended"


def test_held_alerts_are_released_by_a_person(place):
    config, port = company(place, customers=100)
    assert harness.retaind("once", "--config", config, "--as-of", YESTERDAY - dt.timedelta(days=9)).returncode == 0
    with harness.Daemon(config, port) as daemon:
        daemon.wait_ready()
        held = read(config, "list", "--held")["alerts"]
        assert len(held) > 10, [a["name"] for a in read(config, "list")["alerts"]]
        names = [a["name"] for a in held]

        def told():
            messages = harness.messages(place / "messages.jsonl")
            return {f'{a["rule"]}/{a["entity"]}' for m in messages for a in m["alerts"]}

        assert not set(names) & told(), "nobody is told of what is held"
        alerts(config, "release", names[0])
        harness.wait_until(lambda: not read(config, "show", names[0])["held"], what="the first is let go")
        assert read(config, "show", names[1])["held"], "the others still are"
        alerts(config, "release", names[0], code=2)
        alerts(config, "release", "--all")
        harness.wait_until(lambda: not read(config, "list", "--held")["alerts"], what="all are let go")
        harness.wait_until(lambda: set(names) <= told(), what="they are told")
    return f"{len(names)} held, one released, then all"


@contextlib.contextmanager
def listening(port, seen):
    """A webhook that takes everything and remembers the delivery ids."""

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(self.headers["Idempotency-Key"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", port), Hook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


def test_what_was_given_up_is_sent_again(place):
    dead = harness.free_port()  # nobody listens
    config, port = company(
        place,
        receivers=f'[receiver.desk]\ntype = "webhook"\nurl = "http://127.0.0.1:{dead}/"\n'
        f'hmac_key_file = "{place}/key"\n'
        '\n[[route]]\nreceivers = ["desk"]\n',
    )
    (place / "key").write_text("0123456789abcdef0123456789abcdef")
    with harness.Daemon(config, port) as daemon:
        name = sorted(wait_firing(config, daemon))[0]
        delivery = read(config, "show", name)["deliveries"][0]
        assert delivery["receiver"] == "desk", delivery
        unknown = alerts(config, "requeue", delivery["delivery_id"][:-1] + "x", "--json", code=1)
        assert json.loads(unknown.stdout)["requeued"] == [], unknown
    # Three days later, as the store knows it.
    with sqlite3.connect(place / "state.db") as db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(outbox)")]
        assert "status" in columns, columns
        db.execute("UPDATE outbox SET status = 'dead'")
        given_up = {row[0] for row in db.execute("SELECT delivery_id FROM outbox")}
    assert delivery["delivery_id"] in given_up
    assert read(config, "show", name)["deliveries"][0]["status"] == "dead"
    (place / "key").unlink()  # of the service, which a shell need not see
    done = read(config, "requeue", "--receiver", "desk")
    (place / "key").write_text("0123456789abcdef0123456789abcdef")
    assert set(done["requeued"]) == given_up, done
    assert read(config, "show", name)["deliveries"][0]["status"] == "queued"
    assert alerts(config, "requeue", "--receiver", "desk").stdout == "nothing was given up\n"
    seen = []
    with listening(dead, seen), harness.Daemon(config, port):
        harness.wait_until(lambda: given_up <= set(seen), what="what was given up is sent")
        harness.wait_until(
            lambda: read(config, "show", name)["deliveries"][0]["status"] == "delivered", what="it is delivered"
        )
    assert {one: seen.count(one) for one in given_up} == dict.fromkeys(given_up, 1), seen
    return f"{len(given_up)} given up, sent again under the same id"


def test_links_in_messages_answer_without_a_log_in(place):
    config, port = company(place)
    with harness.Daemon(config, port) as daemon:
        wait_firing(config, daemon)
        harness.wait_until(lambda: links(place), what="a message with links")
        (rule, entity), path = sorted(links(place).items())[0]
        name = f"{rule}/{entity}"
        assert entity not in path and rule not in path, path
        status, page = ask(config, path)
        assert status == 200 and "I am on it" in page and "<script" not in page, page
        assert read(config, "show", name)["acts"] == [], "looking changes nothing"
        status, page = ask(config, path, {"answer": "on_it"})
        assert status == 200 and "in your hands" in page, page
        acts = read(config, "show", name)["acts"]
        assert [(a["kind"], a["via"]) for a in acts] == [("on_it", "link")], acts
        status, _ = ask(config, path, {"answer": "on_it"})
        assert status == 200 and len(read(config, "show", name)["acts"]) == 1, "twice is once"
        assert ask(config, path[:-1])[0] == 403
        assert ask(config, "/")[0] == 404
        assert path.removeprefix("/alert/") not in daemon.text(), "the link is a key: no log knows it"
    return "GET shows, POST acts once, a cut link is refused"


def test_links_survive_a_restart_and_nothing_listens_without_external_url(place):
    config, port = company(place)
    with harness.Daemon(config, port) as daemon:
        wait_firing(config, daemon)
        harness.wait_until(lambda: links(place), what="a message with links")
    path = sorted(links(place).items())[0][1]
    with harness.Daemon(config, port) as daemon:
        daemon.wait_ready()
        assert ask(config, path)[0] == 200
    config.write_text(re.sub(r"external_url = .*\n", "", config.read_text()))
    with harness.Daemon(config, port) as daemon:
        daemon.wait_ready()
        try:
            ask(config, path)
            raise AssertionError("somebody listens")
        except ConnectionRefusedError:
            pass
    return "the key is kept with the state"


def test_quality_is_a_table_with_an_exit_code(place):
    config, _ = company(place)
    assert harness.once(config, YESTERDAY).returncode == 0
    assert "rules" in read(config, "quality")
    assert alerts(config, "quality").returncode == 0
    return "nothing to judge yet"


harness.run_tests(globals())
