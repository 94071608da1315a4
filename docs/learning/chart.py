#!/usr/bin/env python3
"""Draws the lines of `bench continual` as an SVG: python3 chart.py < lines.jsonl > continual.svg

One panel a task: its held-out loss after each phase from its own on, without replay and with, and the level that training
on the shuffled union reaches with as many steps.
"""
import json
import sys

WIDTH, HEIGHT, MARGIN, GAP = 220, 190, 46, 24
COLOURS = {"plain": "#c0392b", "replay": "#1f77b4", "offline": "#555555"}
NAMES = {"plain": "without replay", "replay": "with replay", "offline": "shuffled union"}


def read(stream):
    tasks, series, level = [], {}, {}
    for line in map(json.loads, stream):
        if line.get("part", "").startswith("sequence"):
            run = line["run"].split()[1]
            if line["task"] not in tasks:
                tasks.append(line["task"])
            series.setdefault((line["task"], run), []).append((line["phase"], line["loss"]))
        elif line.get("part") == "offline union":
            level[line["task"]] = line["loss"]
    return tasks, series, level


def panel(index, task, tasks, series, level):
    curves = {run: series[task, run] for run in ("plain", "replay") if (task, run) in series}
    losses = [loss for curve in curves.values() for _, loss in curve]
    losses += [level[task]] if task in level else []
    top, phases = 1.1 * max(losses), max(1, len(tasks) - 1)
    left = MARGIN + index * (WIDTH + GAP)

    def x(phase):
        return left + 8 + (WIDTH - 16) * phase / phases

    def y(loss):
        return MARGIN + HEIGHT * (1 - loss / top)

    out = [f'<rect x="{left}" y="{MARGIN}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#ccc"/>',
           f'<text x="{left}" y="{MARGIN - 8}" font-weight="bold">{task}</text>']
    for step in range(5):
        loss = top * step / 4
        out.append(f'<text x="{left - 4}" y="{y(loss) + 4:.1f}" text-anchor="end" fill="#888">{loss:.1f}</text>')
    for phase, name in enumerate(tasks):
        out.append(f'<text x="{x(phase):.1f}" y="{MARGIN + HEIGHT + 14}" text-anchor="middle" fill="#888" '
                   f'font-size="9">{name.removeprefix("cl.")}</text>')
    if task in level:
        out.append(f'<line x1="{left}" x2="{left + WIDTH}" y1="{y(level[task]):.1f}" y2="{y(level[task]):.1f}" '
                   f'stroke="{COLOURS["offline"]}" stroke-dasharray="4 3"/>')
    for run, curve in curves.items():
        points = " ".join(f"{x(phase):.1f},{y(loss):.1f}" for phase, loss in curve)
        out.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[run]}" stroke-width="2"/>')
        out += [f'<circle cx="{x(phase):.1f}" cy="{y(loss):.1f}" r="3" fill="{COLOURS[run]}"/>' for phase, loss in curve]
    return out


def main():
    tasks, series, level = read(sys.stdin)
    width = 2 * MARGIN + len(tasks) * (WIDTH + GAP) - GAP
    height = HEIGHT + 2 * MARGIN + 20
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
           f'font-size="11">', f'<rect width="{width}" height="{height}" fill="white"/>']
    for index, task in enumerate(tasks):
        out += panel(index, task, tasks, series, level)
    drawn = {run for _, run in series} | ({"offline"} if level else set())
    for place, run in enumerate(run for run in NAMES if run in drawn):
        left = MARGIN + 150 * place
        out += [f'<line x1="{left}" x2="{left + 20}" y1="{height - 12}" y2="{height - 12}" stroke="{COLOURS[run]}" '
                f'stroke-width="2"/>', f'<text x="{left + 26}" y="{height - 8}">{NAMES[run]}</text>']
    print("\n".join(out + ["</svg>"]))


if __name__ == "__main__":
    main()
