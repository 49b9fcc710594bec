"""The shipped dashboards and rules as the tests and the preview see them: panels with their expressions, the daemon's
table of metrics, and a real Prometheus that scrapes the demo company's daemon as etc/prometheus/scrape.yml says."""

import contextlib
import json
import math
import pathlib
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import harness

GRAFANA = harness.ROOT / "etc/grafana"
PROMETHEUS = harness.ROOT / "etc/prometheus"
TARGET_LABELS = {"job", "instance", "company"}


def dashboards():
    return {path.name: json.loads(path.read_text()) for path in sorted(GRAFANA.glob("*.json"))}


def as_text(value, depth=0, before=0):
    """JSON as the files have it: on one line what fits there, so that a change shows as the lines it changes."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value or len(line) + before + 2 * depth <= 116:
        return line
    pad = "  " * (depth + 1)
    if isinstance(value, dict):
        keys = {key: json.dumps(key) + ": " for key in value}
        parts = [pad + name + as_text(value[key], depth + 1, len(name)) for key, name in keys.items()]
    else:
        parts = [pad + as_text(each, depth + 1) for each in value]
    first, last = "{}" if isinstance(value, dict) else "[]"
    return first + "\n" + ",\n".join(parts) + "\n" + "  " * depth + last


def panels(board):
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def metric_table():
    """Name -> (type, labels, help), from the one table in the code."""
    text = (harness.ROOT / "daemon/edge/metrics/families.cpp").read_text()
    literals = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'  # adjacent ones are one
    rows = re.findall(
        rf'\{{"((?:retaind|process)_\w+)",\s*"(\w+)",\s*{literals},\s*"([\w ]*)"\}}',
        text,
    )
    assert len(rows) == len(re.findall(r'\{"(?:retaind|process)_', text)), "rows of the table that cannot be read"
    joined = lambda help: "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', help))
    return {name: (kind, labels.split(), joined(help)) for name, kind, help, labels in rows}


def family_of(name, table):
    """A histogram's samples have names of their own."""
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    return base if name not in table and table.get(base, ("",))[0] == "histogram" else name


def metrics_in(expression):
    """(name, labels asked for) of each selector."""
    for name, labels in re.findall(r"\b((?:retaind|process)_\w+)(?:\{([^}]*)\})?", expression):
        yield name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", labels))


def filled(expression, chosen):
    for name, value in {"__rate_interval": "10s", **chosen}.items():
        expression = expression.replace(f"${name}", value)
    return expression


class Prometheus:
    def __init__(self, port):
        self.address = f"http://127.0.0.1:{port}"

    def ask(self, path, **arguments):
        try:
            with urllib.request.urlopen(
                f"{self.address}{path}?{urllib.parse.urlencode(arguments)}", timeout=10
            ) as reply:
                return json.load(reply)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{arguments}: {json.load(error)['error']}") from None

    def is_up(self):
        try:
            return urllib.request.urlopen(f"{self.address}/-/ready", timeout=10).status == 200
        except OSError:
            return False

    def query(self, expression):
        """(labels, value) of each series that has a number."""
        found = self.ask("/api/v1/query", query=expression)
        pairs = (
            [({}, found["result"])]
            if found["resultType"] == "scalar"
            else [(series["metric"], series["value"]) for series in found["result"]]
        )
        return [(labels, float(value)) for labels, (_, value) in pairs if not math.isnan(float(value))]

    def values(self, label, selector):
        return self.ask(f"/api/v1/label/{label}/values", **{"match[]": selector})

    def evaluate(self, expression, chosen):
        """As Grafana asks it, with the variables chosen."""
        return self.query(filled(expression, chosen))

    def evaluate_over(self, expression, chosen, seconds):
        """(labels, [(instant, value)]) of each series, a value for each second until now."""
        now = time.time()
        asked = {"query": filled(expression, chosen), "start": now - seconds, "end": now, "step": 1}
        return [
            (series["metric"], [(at, float(value)) for at, value in series["values"] if value != "NaN"])
            for series in self.ask("/api/v1/query_range", **asked)["result"]
        ]


def choose(prometheus, board):
    """A value for each variable that asks Prometheus for its values."""
    chosen = {}
    for variable in board["templating"]["list"]:
        if variable["type"] != "query":
            continue
        selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
        values = prometheus.values(label, filled(selector, chosen))
        assert values, f"{board['title']}: ${variable['name']} has no values"
        chosen[variable["name"]] = most_told_of(prometheus) if variable["name"] == "customer" else values[0]
    return chosen


def most_told_of(prometheus):
    """A customer of whom there is something to say on every panel."""
    asked = "retaind_customer_alerts and on (customer) retaind_customer_promises"
    found = prometheus.query(asked) or prometheus.query("topk(1, retaind_customer_churn_risk_ratio)")
    return sorted(labels["customer"] for labels, _ in found)[0]


@contextlib.contextmanager
def demo_daemon(place):
    """The demo company's daemon, with a cycle every second."""
    port = harness.free_port()
    made = harness.retaind("demo", "--once", "--directory", place, "--port", port, timeout=240)
    assert made.returncode == 0, made.stderr
    config = place / "retaind.toml"
    config.write_text(config.read_text().replace('interval = "1m"', 'interval = "1s"'))
    with harness.Daemon(config, port) as daemon:
        yield daemon.wait_ready()


@contextlib.contextmanager
def scraping(place, port):
    """Prometheus with the shipped configuration and rules, every second; it knows no Alertmanager."""
    place.mkdir()
    text = (PROMETHEUS / "scrape.yml").read_text()
    for shipped, here in {
        ":9848": f":{port}",
        ":9093": f":{harness.free_port()}",
        "_interval: 30s": "_interval: 1s",
    }.items():
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    (place / "prometheus.yml").write_text(text)
    shutil.copy(PROMETHEUS / "retaind.rules.yml", place)
    listen = harness.free_port()
    server = subprocess.Popen(
        [
            "prometheus",
            f"--config.file={place}/prometheus.yml",
            f"--storage.tsdb.path={place}/data",
            f"--web.listen-address=127.0.0.1:{listen}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=open(place / "log", "w"),
    )
    try:
        prometheus = Prometheus(listen)
        harness.wait_until(prometheus.is_up, 20, 0.1, f"Prometheus ({(place / 'log').read_text()})")
        yield prometheus
    finally:
        server.terminate()
        server.wait(10)


if __name__ == "__main__":  # brings the files into their form, after an export from Grafana say
    for name, board in dashboards().items():
        (GRAFANA / name).write_text(as_text(board) + "\n")
