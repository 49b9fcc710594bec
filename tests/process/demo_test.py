"""The demo as a newcomer meets it: one command, exit code 0, every planted story found, the loyal left alone."""

import json
import pathlib
import sqlite3
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness


def main():
    with harness.folder() as place:
        started = time.monotonic()
        port = harness.free_port()
        done = harness.retaind("demo", "--once", "--directory", place / "demo", "--port", port, timeout=240)
        took = time.monotonic() - started
        assert done.returncode == 0, done.stderr + done.stdout
        screen = done.stdout
        truth = sqlite3.connect(place / "demo/company.db")
        truth.row_factory = sqlite3.Row
        stories = [dict(row) for row in truth.execute("SELECT * FROM planted_truth")]
        assert len(stories) >= 12, stories
        for story in stories:
            line = next((line for line in screen.splitlines() if story["told"] in line), None)
            assert line, f"{story['story']} is not on the screen"
            assert "MISSED" not in line, line
            expected = "found" if story["should_alert"] else "left alone"
            assert expected in line, line
        # What was found was also told, unless it is only for the digest.
        told = [alert for message in harness.messages(place / "demo/messages.jsonl") for alert in message["alerts"]]
        for story in stories:
            if not story["should_alert"] or not story["rule"]:
                continue
            mine = [a for a in told if a["rule"] == story["rule"] and story["who"] in (a["customer_id"], a["entity"])]
            assert (
                mine or "info" in json.dumps(story) or story["rule"] in ("ready_for_more",)
            ), f"nobody was told of {story['story']}"
        assert "Counted as" in screen and "customers left" in screen and "Three things to try" in screen, screen
        # The three things to try do what they say.
        config = place / "demo/retaind.toml"
        customer = next(s["who"] for s in stories if s["rule"] == "stopped_coming")
        explained = harness.retaind("explain", customer, "--config", config)
        assert explained.returncode == 0 and "health" in explained.stdout, explained.stderr
        log = (place / "demo/retaind.log").read_text()
        assert "stopping" in log, log
    print(screen)
    print(f"demo took {took:.1f} s; {len(stories)} stories")
    print("1 passed, 0 failed")


main()
