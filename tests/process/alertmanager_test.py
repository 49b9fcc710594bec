"""A rule fires in a company, and a real Alertmanager shows it."""

import datetime as dt
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

YESTERDAY = dt.datetime.now(dt.timezone.utc).date() - dt.timedelta(days=1)


def active(port):
    """What amtool shows; nothing while the server does not answer."""
    asked = subprocess.run(
        ["amtool", f"--alertmanager.url=http://127.0.0.1:{port}", "alert", "query", "--output=json"],
        capture_output=True,
        text=True,
    )
    return json.loads(asked.stdout) if asked.returncode == 0 else None


def test_a_rule_that_fires_is_an_alert_there(place, port):
    harness.write_sqlite(place / "company.db", harness.company_rows(YESTERDAY))
    receivers = (
        f'[receiver.am]\ntype = "alertmanager"\nurl = "http://127.0.0.1:{port}"\n\n[[route]]\nreceivers = ["am"]\n'
    )
    metrics = harness.free_port()
    config = harness.configuration(place, receivers=receivers, metrics_port=metrics)
    with harness.Daemon(config, metrics) as daemon:
        daemon.wait_ready()
        alerts = harness.wait_until(lambda: active(port), 20, 0.1, "an alert")
        names = {alert["labels"]["alertname"] for alert in alerts}
        assert "gone_quiet" in names, names
        firing = int(daemon.metric("retaind_alerts", state="firing", severity="warning") or 0)
        quiet = [alert for alert in alerts if alert["labels"]["alertname"] == "gone_quiet"]
        assert len(quiet) == 6, quiet  # every fifth of thirty customers
        assert quiet[0]["annotations"]["summary"].endswith("days."), quiet[0]
        assert all(alert["endsAt"] > alert["startsAt"] for alert in alerts), alerts
        assert harness.wait_until(
            lambda: daemon.metric("retaind_deliveries_total", receiver="am", result="delivered"), 10, what="the count"
        )
    return f"{len(alerts)} alerts of {len(names)} rules, {firing} warnings firing"


def main():
    with harness.folder() as place:
        (place / "alertmanager.yml").write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        port = harness.free_port()
        server = subprocess.Popen(
            [
                "prometheus-alertmanager",
                f"--config.file={place}/alertmanager.yml",
                f"--storage.path={place}/alertmanager",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            harness.wait_until(lambda: active(port) is not None, 20, 0.1, "Alertmanager")
            print(test_a_rule_that_fires_is_an_alert_there(place, port))
        finally:
            server.terminate()
            server.wait(10)


main()
