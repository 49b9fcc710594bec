"""The demo as a newcomer meets it: one command, exit code 0, every planted story found, the loyal left alone, and every
command on its screen runs as printed."""

import datetime as dt
import json
import pathlib
import re
import socket
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness


def planted(place):
    truth = sqlite3.connect(place / "company.db")
    truth.row_factory = sqlite3.Row
    return [dict(row) for row in truth.execute("SELECT * FROM planted_truth")]


def shell(command):
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60)


def commands_on(screen):
    """As somebody would copy them: lines that begin with two blanks, up to where the shell reads on."""
    joined = screen.replace(" \\\n", " ")
    return [line.strip() for line in joined.splitlines() if re.match(r"  \S*retaind (explain|once) ", line)]


def check_screen(place, screen, stories):
    flat = " ".join(screen.split())
    for story in stories:
        assert story["told"] in flat, f"{story['story']} is not on the screen"
    assert "MISSED" not in screen, screen
    assert flat.count("left alone") == sum(not story["should_alert"] for story in stories), screen
    order = ["today.", "Why", "stories are hidden", "was silent from", "customers left", "Three things to try"]
    found = [screen.find(words) for words in order]
    assert -1 not in found and found == sorted(found), (order, found, screen)
    said = r"raised (\d+) false alerts, in (\d+) messages to .* raised (\d+), in (\d+) .* and (\d+) to ops"
    feed = re.search(said, flat)
    alerts, messages, raised, sent, to_ops = map(int, feed.groups())
    assert alerts > 50 and messages > 4 and (raised, sent) == (0, 0) and to_ops >= 1, flat
    assert re.search(r"In 180 days \d+ customers left. For \d+ an alert came .* \d+ were missed", flat), flat
    wide = [line for line in screen.splitlines() if len(line) > 80 and str(place) not in line]
    assert not wide, wide


def check_commands(screen, stories):
    commands = commands_on(screen)
    assert len(commands) == len(stories) + 2, commands
    ran = 0
    for command in dict.fromkeys(commands):
        done = shell(command)
        assert done.returncode == 0 and done.stdout, (command, done)
        story = next((s for s in stories if f" explain {s['who']} " in command and s["rule"]), None)
        assert story is None or story["who"] in done.stdout, (command, done.stdout)
        ran += 1
    return ran


def check_messages(place, stories):
    """What was found was also told, unless it is only for the digest."""
    told = [alert for message in harness.messages(place / "messages.jsonl") for alert in message["alerts"]]
    for story in stories:
        if not story["should_alert"] or story["rule"] == "ready_for_more":
            continue
        mine = [a for a in told if a["rule"] == story["rule"] and story["who"] in (a["customer_id"], a["entity"])]
        assert mine, f"nobody was told of {story['story']}"


def test_a_newcomer_sees_what_was_found(base):
    place = base / "demo"
    started = time.monotonic()
    done = harness.retaind("demo", "--once", "--directory", place, "--port", harness.free_port(), timeout=240)
    took = time.monotonic() - started
    assert done.returncode == 0, done.stderr + done.stdout
    stories = planted(place)
    assert len(stories) >= 12, stories
    check_screen(place, done.stdout, stories)
    check_messages(place, stories)
    ran = check_commands(done.stdout, stories)
    assert "stopping" in (place / "retaind.log").read_text()
    print(done.stdout)
    again = harness.retaind(
        "demo", "--once", "--json", "--directory", place, "--port", harness.free_port(), timeout=240
    )
    assert again.returncode == 0, again.stderr
    found = json.loads(again.stdout)
    assert [s["story"] for s in found["stories"]] == [s["story"] for s in stories]
    assert all(s["as_it_should"] for s in found["stories"]) and found["dark_feed"]["messages_if_counted_as_zero"] > 4
    return f"{took:.1f} s, {len(stories)} stories, {ran} commands run as printed; once more as JSON"


def test_a_folder_of_somebody_else_is_left_alone(base):
    place = base / "mine"
    place.mkdir()
    files = {name: f"my own {name}" for name in ("retaind.toml", "state.db", "messages.jsonl")}
    for name, text in files.items():
        (place / name).write_text(text)
    done = harness.retaind("demo", "--once", "--directory", place, "--port", harness.free_port())
    assert done.returncode == 2 and "not a demo's" in done.stderr, done
    assert {p.name: p.read_text() for p in place.iterdir()} == files
    return "refused with exit code 2, nothing touched"


def test_a_port_that_is_taken_is_said_before_anything_is_done(base):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = harness.retaind("demo", "--once", "--directory", base / "new", "--port", port)
    assert done.returncode == 2 and f"127.0.0.1:{port}" in done.stderr, done
    assert not (base / "new").exists()
    return "refused with exit code 2"


def test_a_day_that_has_not_ended_is_refused(base):
    later = dt.date.today() + dt.timedelta(days=9)
    done = harness.retaind(
        "demo", "--once", "--directory", base / "new", "--port", harness.free_port(), "--until", later
    )
    assert done.returncode == 2 and "last complete day" in done.stderr, done
    return "refused with exit code 2"


harness.run_tests(globals())
