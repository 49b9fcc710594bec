#!/usr/bin/env python3
"""What the dashboards show on the demo company, as one page of HTML each, to be looked at where Grafana is not:
preview.py FOLDER. Only the layout, the numbers and the colours are Grafana's; a minute of history is all there is."""

import html
import pathlib
import re
import sys

import boards
import harness

COLOURS = {
    "green": "#73bf69",
    "dark-green": "#37872d",
    "orange": "#ff9830",
    "red": "#f2495c",
    "semi-dark-red": "#e02f44",
    "dark-red": "#c4162a",
    "blue": "#5794f2",
    "light-blue": "#8ab8ff",
    "dark-blue": "#1f60c4",
    "text": "#ccccdc",
}
PALETTE = ["#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#b877d9", "#8ab8ff", "#ff7383", "#37872d"]
PAGE = """<!doctype html><meta charset="utf-8"><title>{title}</title><style>
body {{ background: #111217; color: #ccccdc; font: 12px sans-serif; margin: 8px; }}
main {{ display: grid; grid-template-columns: repeat(24, 1fr); grid-auto-rows: 34px; gap: 4px; }}
section {{ background: #181b1f; padding: 4px 8px; overflow: hidden; }}
h2 {{ font-size: 12px; margin: 0 0 4px; }}
h3 {{ margin: 8px 0 0; }} .big {{ font-size: 24px; }} .small {{ font-size: 13px; }}
table {{ border-collapse: collapse; width: 100%; }} td, th {{ text-align: left; padding: 1px 6px; }}
.bar {{ height: 14px; display: inline-block; vertical-align: middle; }} .empty {{ color: #f2495c; font-size: 18px; }}
</style><h3>{title}</h3><p>{text}</p><main>{panels}</main>"""


def shown(value, field):
    """A number as its unit says."""
    unit, decimals = field.get("unit", "none"), field.get("decimals")
    if unit == "percentunit":
        return f"{100 * value:.{decimals or 0}f} %"
    if unit == "s":
        for size, name in ((7 * 86400, "weeks"), (86400, "days"), (3600, "hours"), (60, "min")):
            if abs(value) >= size:
                return f"{value / size:.1f} {name}"
        return f"{value:.3g} s"
    if unit == "bytes":
        return f"{value / 2**20:.1f} MiB"
    suffix = unit.removeprefix("suffix:") if unit.startswith("suffix:") else ""
    return f"{value:,.{decimals if decimals is not None else 2}f}{suffix}"


def painted(colour, text, size=""):
    return f'<span class="{size}" style="color:{colour}">{text}</span>'


def bar(width, colour):
    return f'<span class="bar" style="width:{width};background:{colour}"></span>'


class Panel:
    """A panel with its answers, and what Grafana makes of names and colours."""

    def __init__(self, panel, prometheus, chosen):
        self.panel, self.defaults = panel, panel["fieldConfig"]["defaults"]
        self.answers = [prometheus.evaluate(target["expr"], chosen) for target in panel["targets"]]
        self.ranges = [prometheus.evaluate_over(target["expr"], chosen, 60) for target in panel["targets"]]

    def field(self, name):
        """The defaults, with what overrides say of the field."""
        field = dict(self.defaults)
        for override in self.panel["fieldConfig"]["overrides"]:
            if override["matcher"] == {"id": "byName", "options": name}:
                field |= {each["id"]: each["value"] for each in override["properties"]}
        return field

    def legend(self, target, labels):
        return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), target.get("legendFormat", "value"))

    def colour(self, name, value, position=0):
        field = self.field(name)
        if "fixedColor" in field.get("color", {}):
            chosen = field["color"]["fixedColor"]
        elif "thresholds" in field:
            chosen = [s["color"] for s in field["thresholds"]["steps"] if s["value"] is None or value >= s["value"]][
                -1
            ]
        else:
            return PALETTE[position % len(PALETTE)]
        return COLOURS.get(chosen, chosen)

    def text(self, name, value):
        field = self.field(name)
        for mapping in field.get("mappings", []):
            for option, result in mapping["options"].items():
                if str(value).removesuffix(".0") == option:
                    return result["text"]
        return html.escape(shown(value, field) if isinstance(value, float) else str(value))

    def named(self):
        """(legend, labels, value) of everything."""
        for target, series in zip(self.panel["targets"], self.answers):
            for labels, value in series:
                yield self.legend(target, labels), labels, value

    def stat(self):
        names = self.panel["options"]["textMode"]
        for name, _, value in self.named():
            colour, label = self.colour(name, value), self.field(name).get("displayName", name)
            said = label if names == "name" else self.text(name, value)
            before = f'<span class="small">{html.escape(label)}</span> ' if names == "value_and_name" else ""
            yield f"<div>{before}{painted(colour, said, 'big')}</div>"

    def bars(self, rows):
        """rows: (title, [(name, value)]) with a bar of so many parts, or a bar for each part."""
        stacked = self.panel["options"].get("stacking") == "normal"
        most = max(sum(v for _, v in parts) if stacked else max(v for _, v in parts) for _, parts in rows) or 1
        yield "<table>"
        for title, parts in rows:
            drawn = "".join(
                bar(f"{300 * value / most:.0f}px", self.colour(name, value))
                + ("" if stacked else f" {self.text(name, value)}<br>")
                for name, value in parts
            )
            parts = [f"{self.field(name).get('displayName', name)} {self.text(name, value)}" for name, value in parts]
            said = ", ".join(parts) if stacked else ""
            yield f"<tr><td>{html.escape(title)}<td>{drawn}<td>{said}"
        yield "</table>"

    def barchart(self):
        options = self.panel["transformations"][0]["options"]
        order = self.panel["transformations"][1]["options"]["indexByName"]
        rows = {}
        for labels, value in self.answers[0]:
            rows.setdefault(labels[options["rowField"]], []).append((labels[options["columnField"]], value))
        return self.bars([(row, sorted(parts, key=lambda part: order[part[0]])) for row, parts in rows.items()])

    def bargauge(self):
        return self.bars(
            [(self.field(name).get("displayName", name), [(name, value)]) for name, _, value in self.named()]
        )

    def cell(self, name, value):
        coloured = "custom.cellOptions" in self.field(name) and isinstance(value, float)
        return painted(self.colour(name, value) if coloured else "inherit", self.text(name, value))

    def table(self):
        organize = self.panel["transformations"][-1]["options"]
        columns = sorted(organize["indexByName"], key=organize["indexByName"].get)
        rows = {}
        for target, series in zip(self.panel["targets"], self.answers):
            column = f"Value #{target['refId']}" if len(self.answers) > 1 else "Value"
            for labels, value in series:
                key = labels[columns[0]] if len(self.answers) > 1 else tuple(labels.values())
                rows.setdefault(key, {}).update({**labels, column: value})
        titles = {column: organize["renameByName"].get(column, column) for column in columns}
        sort = self.panel["options"]["sortBy"][0]
        by = next(column for column, title in titles.items() if title == sort["displayName"])
        yield "<table><tr>" + "".join(f"<th>{titles[column]}" for column in columns)
        for row in sorted(rows.values(), key=lambda row: row.get(by, -1), reverse=sort["desc"]):
            yield "<tr>" + "".join(
                "<td>" + (self.cell(titles[column], row[column]) if column in row else "") for column in columns
            )
        yield "</table>"

    def lines(self):
        """A stripe of polygons: stacked where the panel stacks."""
        stacked = "stacking" in self.defaults["custom"]
        drawn, below, most = [], {}, 0
        for target, series in zip(self.panel["targets"], self.ranges):
            for labels, points in series:
                top = [(at, value + (below.get(at, 0) if stacked else 0)) for at, value in points]
                below.update(top)
                most = max([most, *(value for _, value in top)])
                drawn.append((self.legend(target, labels), top, points[-1][1]))
        first = min(points[0][0] for _, points, _ in drawn)
        last = max(points[-1][0] for _, points, _ in drawn)
        height = 34 * self.panel["gridPos"]["h"] - 80
        yield f'<svg viewBox="0 0 600 {height}" width="100%" height="{height}" preserveAspectRatio="none">'
        for position, (name, points, value) in enumerate(drawn):
            xy = [
                (600 * (at - first) / (last - first or 1), height - (height - 4) * v / (most or 1))
                for at, v in points
            ]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in xy)
            colour = self.colour(name, value, position)
            yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield "</svg><div>"
        for position, (name, _, value) in enumerate(drawn):
            label = html.escape(self.field(name).get("displayName", name))
            yield f"{painted(self.colour(name, value, position), '■')} {label} {self.text(name, value)} "
        yield "</div>"

    def timeline(self):
        for name, _, value in self.named():
            yield f"{html.escape(name)} {bar('60%', self.colour('', value))} {self.text(name, value)}<br>"

    def section(self):
        at, title = self.panel["gridPos"], html.escape(self.panel["title"])
        kinds = {"timeseries": self.lines, "state-timeline": self.timeline}
        empty = f'<div class="empty">{self.defaults.get("noValue", "No data")}</div>'
        inside = (
            "".join(kinds.get(self.panel["type"], getattr(self, self.panel["type"], None))())
            if any(self.answers)
            else empty
        )
        place = f"grid-column:{at['x'] + 1}/span {at['w']};grid-row:{at['y'] + 1}/span {at['h']}"
        about = html.escape(self.panel["description"])
        return f'<section title="{about}" style="{place}"><h2>{title}</h2>{inside}</section>'


def write(prometheus, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, board in boards.dashboards().items():
        chosen = boards.choose(prometheus, board)
        drawn = []
        for panel in board["panels"]:
            if panel["type"] == "row":
                drawn.append(
                    f'<h3 style="grid-column:1/-1;grid-row:{panel["gridPos"]["y"] + 1}">{panel["title"]}</h3>'
                )
            else:
                drawn.append(Panel(panel, prometheus, chosen).section())
        page = PAGE.format(
            title=board["title"], text=html.escape(f"{board['description']} {chosen}"), panels="\n".join(drawn)
        )
        (folder / name).with_suffix(".html").write_text(page)


def main():
    with harness.folder() as base, boards.demo_daemon(base / "demo") as daemon:
        with boards.scraping(base / "prometheus", daemon.port) as prometheus:
            wanted = "count_over_time(up[5m]) >= 20"
            harness.wait_until(lambda: prometheus.query(wanted), 60, 0.5, "twenty scrapes")
            write(prometheus, pathlib.Path(sys.argv[1]))


if __name__ == "__main__":
    main()
