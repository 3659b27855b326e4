"""The tutorial's bar chart, as SVG: a bar a rung, ours in colour."""

from html import escape

WIDTH, LEFT, RIGHT = 860, 250, 150
BAR, STEP, TOP = 16, 24, 74
OURS, THEIRS = "#c2410c", "#94a3b8"


def draw(all_measured, title, unit):
    """Text of the file."""
    most = max(m.median for m in all_measured)
    height = TOP + STEP * len(all_measured) + 16
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="22" font-size="15" font-weight="bold">{escape(title)}</text>',
        f'<text x="12" y="41" fill="#475569">{escape(unit)}</text>',
        '<text x="12" y="59" fill="#475569">thin lines: from the fastest to the slowest round</text>',
    ]
    for index, m in enumerate(all_measured):
        parts += bar(m, TOP + STEP * index, (WIDTH - LEFT - RIGHT) / most)
    return "\n".join([*parts, "</svg>"]) + "\n"


def bar(m, top, scale):
    color = OURS if m.rung.is_ours else THEIRS
    name = ("Alla Prima " if m.rung.is_ours else "") + m.rung.name
    low, high = LEFT + min(m.seconds) * scale, LEFT + max(m.seconds) * scale
    middle, text = top + BAR / 2, top + BAR - 3
    end = max(LEFT + m.median * scale, high) + 6
    return [
        f'<text x="{LEFT - 8}" y="{text}" text-anchor="end">{escape(name)}</text>',
        f'<rect x="{LEFT}" y="{top}" width="{m.median * scale:.1f}" height="{BAR}" fill="{color}"/>',
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}" stroke="#0f172a"/>',
        f'<text x="{end:.1f}" y="{text}" fill="#0f172a">{m.median:.3g} s</text>',
    ]
