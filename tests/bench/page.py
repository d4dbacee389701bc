# SPDX-License-Identifier: BSD-3-Clause
"""One self-contained HTML page of a benchmark: bars as SVG, tables, light and dark."""

from html import escape

import contest
from rounds import CLASSES

WIDTH, LEFT, BAR = 900, 300, 420  # of a plot: all, where names end, the longest bar
ROW, GAP = 18, 8
STAGE_COLOURS = 8

STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
background:#fff;color:#1b1f24}
h1{font-size:1.6rem;margin-bottom:.2rem}h2{font-size:1.2rem;margin-top:2.2rem}
table{border-collapse:collapse;margin:.6rem 0;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:.2rem 0}
th,td{padding:.2rem .8rem .2rem 0;text-align:right;border-bottom:1px solid #d0d7de}
th:first-child,td:first-child{text-align:left}
details{margin:.3rem 0}summary{cursor:pointer}.scroll{overflow-x:auto}
.note{color:#57606a}.bad{color:#a40e26}
svg{width:100%;height:auto;display:block;margin-top:1.4rem}
svg text{font:12px system-ui,sans-serif;fill:#3b434b}
svg .title{font-weight:600;font-size:14px;fill:#1b1f24}
svg .near{fill:#0072b2}svg .far{fill:#c04a00}svg .mixed{fill:#777}
svg .range{stroke:#1b1f24;stroke-width:1.5}
svg .s0{fill:#0072b2}svg .s1{fill:#c04a00}svg .s2{fill:#00785a}svg .s3{fill:#a03f78}
svg .s4{fill:#6b5b00}svg .s5{fill:#5a3fbf}svg .s6{fill:#777}svg .s7{fill:#8a1c1c}
@media (prefers-color-scheme:dark){
body{background:#0d1117;color:#e6edf3}th,td{border-color:#30363d}
.note{color:#9198a1}.bad{color:#ff7b72}
svg text{fill:#b1bac4}svg .title{fill:#e6edf3}svg .range{stroke:#e6edf3}
svg .near,svg .s0{fill:#58a6ff}svg .far,svg .s1{fill:#ff9e4a}svg .mixed,svg .s6{fill:#aaa}
svg .s2{fill:#3fd0a2}svg .s3{fill:#f08cc4}svg .s4{fill:#e3cf57}svg .s5{fill:#b9a5ff}
svg .s7{fill:#ff8f8f}}
"""

PLOTS = (
    ("Requests and frames a second",
     "64 bytes there and back, 1,000 outstanding; testpmd turns frames round and does "
     "nothing else.", ("rr", "udp-rr", "testpmd-64", "testpmd-130")),
    ("Connections a second", "Connect, request of 64 bytes, answer, close.",
     ("crr", "crr-reset")),
    ("Streams, MTU 1500", "Payload bits a second, one direction.",
     ("stream-up-1500", "stream-down-1500", "stream-1500-on", "stream-1500-off")),
    ("Streams, MTU 9000", "Payload bits a second, one direction.",
     ("stream-up-9000", "stream-down-9000", "stream-9000-on", "stream-9000-off")),
    ("An iperf3 client", "Against wringer iperf3 -s over a tap, and against iperf3 -s over a "
     "veth.", ("wringer-up", "linux-up", "wringer-down", "linux-down")),
)


def text_at(x, y, text, more=""):
    return f'<text x="{x:.0f}" y="{y:.0f}"{more}>{escape(text)}</text>'


def svg(title, about, height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" '
            f'role="img">\n<title>{escape(title)}</title><desc>{escape(about)}</desc>\n'
            + text_at(8, 16, title, ' class="title"') + "\n" + "\n".join(parts) + "\n</svg>\n")


def legend(y, names):
    parts, x = [], LEFT
    for css, name in names:
        parts.append(f'<rect class="{css}" x="{x}" y="{y - 9}" width="10" height="10"/>'
                     + text_at(x + 14, y, name))
        x += 30 + 7 * len(name)
    return "".join(parts)


def classes_of(case):
    return [speed for speed in CLASSES if speed in case]


def bar(y, scale, speed, figure, unit):
    """A bar of the median, with a line from the least to the most."""
    length = figure["median"] * scale
    low, high = (LEFT + figure[k] * scale for k in ("min", "max"))
    middle = y + (ROW - 4) / 2
    return (f'<rect class="{speed}" x="{LEFT}" y="{y:.0f}" width="{max(length, 1):.1f}" '
            f'height="{ROW - 4}"/><line class="range" x1="{low:.1f}" x2="{high:.1f}" '
            f'y1="{middle:.1f}" y2="{middle:.1f}"/>'
            + text_at(max(LEFT + length, high) + 8, y + 11,
                      f"{contest.short(figure['median'], unit)} {speed}"))


def draw_bars(title, about, cases):
    most = max(case[s]["max"] for case in cases for s in classes_of(case))
    y, parts = 30, []
    for case in cases:
        parts.append(text_at(LEFT - 8, y + 11, case["text"], ' text-anchor="end"'))
        for speed in classes_of(case):
            parts.append(bar(y, BAR / most, speed, case[speed], case["unit"]))
            y += ROW
        y += GAP
    return svg(title, about, y, parts) + f'<p class="note">{escape(about)}</p>\n'


def plots(cases):
    out = []
    for title, about, names in PLOTS:
        chosen = [case for name, case in cases.items()
                  if name.split(".", 1)[1] in names and classes_of(case)]
        if chosen:
            out.append(draw_bars(title, about, chosen))
    return "".join(out)


# ---- where the cycles go ----

def stage_rows(cases):
    """(name, cycles by stage) of each end of each case, in the class that most runs had."""
    rows = []
    for case in cases.values():
        if not classes_of(case):
            continue
        speed = max(classes_of(case), key=lambda s, c=case: len(c[s]["values"]))
        for end in ("server", "client"):
            if end in case[speed]:
                rows.append((f"{case['text']}, {end}", case[speed][end]["stages"]))
    return rows


def draw_stages(rows):
    names = sorted({s for _, stages in rows for s in stages},
                   key=lambda s: -sum(stages.get(s, 0) for _, stages in rows))
    css = {s: f"s{min(i, STAGE_COLOURS - 1)}" for i, s in enumerate(names)}
    left = LEFT
    scale = (BAR - 20) / max(sum(stages.values()) for _, stages in rows)
    y, parts = 50, [legend(34, [(css[s], s) for s in names[:STAGE_COLOURS]])]
    for name, stages in rows:
        parts.append(text_at(left - 8, y + 11, name, ' text-anchor="end"'))
        x = left
        for stage in names:
            width = stages.get(stage, 0) * scale
            parts.append(f'<rect class="{css[stage]}" x="{x:.1f}" y="{y}" '
                         f'width="{width:.1f}" height="{ROW - 4}"><title>{escape(stage)} '
                         f'{stages.get(stage, 0):.0f}</title></rect>')
            x += width
        parts.append(text_at(x + 8, y + 11, f"{sum(stages.values()):.0f}"))
        y += ROW
    about = ("TSC cycles of a segment, received or sent, whichever are more, by stage, at each "
             "end; bursts are sampled. rx and tx are the driver.")
    return svg("Cycles a segment", about, y + 6, parts) + \
        f'<p class="note">{escape(about)}</p>\n'


# ---- tables ----

def table(caption, head, rows):
    cells = "".join(f'<th scope="col">{escape(h)}</th>' for h in head)
    body = "".join("<tr>" + f'<th scope="row">{escape(row[0])}</th>'
                   + "".join(f"<td>{escape(c)}</td>" for c in row[1:]) + "</tr>\n"
                   for row in rows)
    return (f'<div class="scroll"><table><caption>{escape(caption)}</caption><thead><tr>'
            f"{cells}</tr></thead><tbody>\n{body}</tbody></table></div>\n")


def compare_table(comparisons):
    return table("Side by side: medians of one class", ["", *CLASSES, "aim (memif, near)"], [
        [row["text"], *(contest.short(row[s]) if s in row else "–" for s in CLASSES),
         contest.short(row["aim"]) if row["aim"] else "–"] for row in comparisons])


def case_table(cases):
    return table("Median (least..most), runs", ["", "unit", *CLASSES], [
        [case["text"], case["unit"],
         *(contest.span(case[s]) if s in case else "–" for s in CLASSES)]
        for case in cases.values()])


def failures(cases):
    out = []
    for case in cases.values():
        for sentence in sorted(set(case["failures"])):
            out.append(f'<p class="bad">{escape(case["text"])} failed '
                       f'{case["failures"].count(sentence)} of {case["runs"]}: '
                       f"{escape(sentence)}</p>\n")
    return "".join(out)


def contest_section(result):
    cases = result["cases"]
    rows = stage_rows(cases)
    return "".join((
        "<h2>Beside testpmd and Linux</h2>\n",
        f'<p class="note">Near: a cache line takes less than {result["near_ns"]} ns from core '
        "to core before and after the run; far: more, both times; mixed: it changed. Cases "
        "take turns; compare only within one class. A line across a bar goes from the least "
        f'to the most. Memory: {"hugepages" if result["hugepages"] else "ordinary pages"}.'
        "</p>\n",
        compare_table(result["comparisons"]), failures(cases), plots(cases),
        "<h2>Where the cycles go</h2>\n" + draw_stages(rows) if rows else "",
        "<details open><summary>All figures</summary>\n", case_table(cases),
        "</details>\n"))


def memory_section(rows):
    return "<h2>One core</h2>\n" + table(
        "Cycles a request, both ends: median (least..most)",
        ["mode", "at once", "checksums", "cycles"],
        [[r["mode"], f"{r['connections']:,}", r["checksums"],
          f"{r['cycles']['median']:,.0f} ({r['cycles']['min']:,.0f}.."
          f"{r['cycles']['max']:,.0f})"] for r in rows])


def machine_section(facts):
    return "<h2>Machine</h2>\n" + table("", ["", ""], [
        [name, str(value)] for name, value in facts.items()])


def html(result):
    """The page, for what run.py has measured."""
    facts = result["machine"]
    parts = []
    if "contest" in result:
        parts.append(contest_section(result["contest"]))
    if result.get("memory"):
        parts.append(memory_section(result["memory"]))
    parts.append(machine_section(facts))
    return ('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta '
            'name="viewport" content="width=device-width,initial-scale=1">\n'
            f"<title>Wringer benchmark</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
            f"<h1>Wringer benchmark</h1>\n<p>{escape(facts['cpu'])}, {facts['cpus']} CPUs, "
            f"Linux {escape(facts['kernel'])}, DPDK {escape(facts['dpdk'])}, revision "
            f"{escape(facts['revision'])}, {escape(facts['time'])}"
            f"{', quick' if result['quick'] else ''}</p>\n" + "".join(parts)
            + "</body>\n</html>\n")
