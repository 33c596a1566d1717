# Copyright (c) 2026, roundrobin.tomcat contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe's report as one self-contained page: who answered, with which version, second by second."""

from __future__ import annotations

import html
import typing as t

COLOURS = ("#2f6fde", "#e08a1e", "#2a9d68", "#a05fc4")
BAD = "#d33a2c"
WIDTH, HEIGHT, LEFT = 960, 150, 40

STYLE = (
    """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 1040px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
dl { display: flex; gap: 2.2rem; flex-wrap: wrap; } dt { opacity: .65; font-size: .85rem; } dd { margin: 0; font-size: 1.6rem; }
.bad { color: """
    + BAD
    + """; } svg { width: 100%; height: auto; } text { font-size: 11px; fill: currentColor; opacity: .65; }
.key i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin: 0 .35em 0 1em; }
"""
)


def page(report: dict[str, t.Any]) -> str:
    """Return the whole HTML page for a report of tests/load/probe.py."""
    totals, latency, timeline = report["totals"], report["latency_ms"], report["timeline"]
    figures = [(name, totals[name]) for name in ("requests", "failed", "sessions", "lost", "regressed", "moves")]
    cells = "".join(_figure(name, value) for name, value in figures)
    cells += "".join(_figure(f"{name} ms", latency[name]) for name in ("median", "p99", "max"))
    charts = "".join(
        f"<h2>Requests per second by {title}</h2>{_chart(timeline, key)}"
        for title, key in (("instance", "instances"), ("version", "versions"))
    )
    return (
        "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>Rolling release</title>"
        f"<style>{STYLE}</style></head><body><h1>A release, seen by its users</h1><dl>{cells}</dl>{charts}</body></html>\n"
    )


def _figure(name: str, value: t.Any) -> str:
    bad = " class='bad'" if name in ("failed", "lost", "regressed") and value else ""
    return f"<div><dt>{html.escape(name)}</dt><dd{bad}>{value}</dd></div>"


def _chart(timeline: list[dict[str, t.Any]], key: str) -> str:
    names = sorted({name for second in timeline for name in second[key]})
    colours = dict(zip(names, COLOURS))
    seconds = max((second["t"] for second in timeline), default=0) + 1
    highest = max((second["requests"] for second in timeline), default=1) or 1
    step = (WIDTH - LEFT) / seconds
    bars = []
    for second in timeline:
        left, top = LEFT + second["t"] * step, float(HEIGHT)
        bad = second["failed"] + second["lost"] + second["regressed"]
        for name, count in [*sorted(second[key].items()), *([("bad", bad)] if bad else [])]:
            height = count / highest * (HEIGHT - 10)
            top -= height
            colour = colours.get(name, BAD)
            bars.append(
                f"<rect x='{left:.1f}' y='{top:.1f}' width='{step * 0.9:.1f}' height='{height:.1f}' fill='{colour}'/>"
            )
    axis = "".join(
        f"<text x='{LEFT + second * step:.1f}' y='{HEIGHT + 14}'>{second} s</text>"
        for second in range(0, seconds, max(1, seconds // 10))
    )
    keys = "".join(f"<i style='background:{colour}'></i>{html.escape(name)}" for name, colour in colours.items())
    return (
        f"<div class='key'>{keys}</div><svg viewBox='0 0 {WIDTH} {HEIGHT + 20}' role='img'>"
        f"<text x='0' y='14'>{highest}</text>{''.join(bars)}{axis}</svg>"
    )
