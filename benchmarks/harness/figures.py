"""Numbers with their spread, a table, and plots as SVG written by hand."""
import html
import json
import os
import statistics

from . import places


def spread(values):
    """Median with lowest and highest."""
    return {"median": statistics.median(values), "low": min(values), "high": max(values), "rounds": len(values)}


def ratio(ours, theirs):
    """Of two sides that took turns: each round's own ratio, so that what slowed one round down slowed both."""
    return spread([a / b for a, b in zip(ours, theirs, strict=True)])


def short(value):
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if value >= 1000:
        return f"{value:,.0f}"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


def with_spread(figure, unit=""):
    text = short(figure["median"])
    if figure["rounds"] > 1:
        text += f" ({short(figure['low'])}-{short(figure['high'])})"
    return text + unit


class Report:
    """What a benchmark found: rows of its table, its raw numbers, its plots, and how the bars stand."""

    def __init__(self, name, machine):
        self.name, self.machine = name, machine
        self.rows, self.bars, self.plots, self.notes = [], [], [], []
        self.raw = {}

    def row(self, measure, value, note=""):
        self.rows.append((measure, value, note))

    def bar(self, measure, value, comparison, limit, unit=""):
        """A bar to reach: `comparison` is ">=" or "<="."""
        met = value >= limit if comparison == ">=" else value <= limit
        self.bars.append({
            "measure": measure, "value": value, "comparison": comparison, "limit": limit, "unit": unit, "met": met})

    def plot(self, title, unit, series, labels, logarithmic=False):
        self.plots.append((title, unit, series, labels, logarithmic))

    def write(self):
        os.makedirs(places.RESULTS, exist_ok=True)
        stem = os.path.join(places.RESULTS, self.name)
        with open(stem + ".json", "w") as file:
            json.dump({
                "benchmark": self.name, "machine": self.machine, "bars": self.bars, "notes": self.notes,
                "rows": self.rows, "raw": self.raw,
            }, file, indent=1)
        for index, plot in enumerate(self.plots):
            with open(f"{stem}-{index + 1}.svg", "w") as file:
                file.write(svg(*plot))


def table(reports):
    lines = [("benchmark", "measure", "value", "")]
    for report in reports:
        for measure, value, note in report.rows:
            lines.append((report.name, measure, value, note))
        for bar in report.bars:
            verdict = "reached" if bar["met"] else "MISSED"
            lines.append((
                report.name, "bar: " + bar["measure"], short(bar["value"]) + bar["unit"],
                f"{bar['comparison']} {short(bar['limit'])}{bar['unit']}: {verdict}"))
        for note in report.notes:
            lines.append((report.name, "note", note, ""))
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    widths[2] = min(widths[2], 44)
    text = []
    for index, line in enumerate(lines):
        text.append("  ".join(cell.ljust(width) for cell, width in zip(line, widths)) + "  " + line[3])
        if index == 0:
            text.append("-" * (sum(widths) + 30))
    return "\n".join(line.rstrip() for line in text)


COLOURS = ["#2563eb", "#dc2626", "#16a34a", "#9333ea", "#ea580c", "#0891b2"]


def svg(title, unit, series, labels, logarithmic=False):
    """Grouped bars. series: name -> a value per label, or (median, low, high)."""
    import math

    width, height, left, top, bottom = 760, 380, 80, 60, 50
    points = {name: [_point(value) for value in values] for name, values in series.items()}
    highest = max((point[2] for values in points.values() for point in values if point), default=1) or 1
    lowest = min((point[1] for values in points.values() for point in values if point and point[1] > 0), default=1)

    def place(value):
        room = height - top - bottom
        if not logarithmic:
            return height - bottom - room * value / (highest * 1.08)
        low, high = math.floor(math.log10(lowest)), math.log10(highest) + 0.05
        return height - bottom - room * (math.log10(max(value, 10**low)) - low) / (high - low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{left}" y="22" font-size="15" font-weight="bold">{html.escape(title)}</text>',
        f'<text x="12" y="{top - 8}" fill="#555">{html.escape(unit)}</text>',
    ]
    for tick in _ticks(lowest, highest, logarithmic):
        y = place(tick)
        parts.append(f'<line x1="{left}" x2="{width - 20}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#555">{short(tick)}</text>')
    group = (width - left - 20) / max(1, len(labels))
    bar = group * 0.8 / max(1, len(points))
    for index, label in enumerate(labels):
        centre = left + group * (index + 0.5)
        parts.append(f'<text x="{centre:.1f}" y="{height - 28}" text-anchor="middle">{html.escape(str(label))}</text>')
        for number, values in enumerate(points.values()):
            if not values[index]:
                continue
            middle, low, high = values[index]
            x, y = left + group * (index + 0.1) + bar * number, place(middle)
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{bar * 0.92:.1f}" height="{height - bottom - y:.1f}" '
                f'fill="{COLOURS[number % len(COLOURS)]}"/>')
            if high > low:
                line = x + bar * 0.46
                parts.append(
                    f'<line x1="{line:.1f}" x2="{line:.1f}" y1="{place(low):.1f}" y2="{place(high):.1f}" stroke="black"/>')
    x = left
    for number, name in enumerate(points):
        parts.append(f'<rect x="{x}" y="32" width="10" height="10" fill="{COLOURS[number % len(COLOURS)]}"/>')
        parts.append(f'<text x="{x + 14}" y="41">{html.escape(name)}</text>')
        x += 34 + 7 * len(name)
    return "\n".join([*parts, "</svg>", ""])


def _point(value):
    if value is None:
        return None
    if isinstance(value, dict):
        return value["median"], value["low"], value["high"]
    return (value, value, value) if not isinstance(value, tuple) else value


def _ticks(lowest, highest, logarithmic):
    import math

    if logarithmic:
        return [10**power for power in range(math.floor(math.log10(lowest)), math.floor(math.log10(highest)) + 1)]
    step = 10 ** math.floor(math.log10(highest))
    if highest / step < 3:
        step /= 2
    return [step * index for index in range(int(highest / step) + 1)]
