"""The results as an SVG bar chart, readable on light and dark pages."""

from collections.abc import Iterable, Mapping
from html import escape

from benchmark.figures import Part, number

_WIDTH, _BAR, _LEFT, _RIGHT = 860, 22, 330, 80
_STYLE = (
    "text { font: 13px system-ui, sans-serif; fill: #24292f } .title { font-weight: 600 } rect { fill: #8c959f }"
    " .ours { fill: #1a7f5a } @media (prefers-color-scheme: dark) { text { fill: #d0d7de } }"
)


def to_svg(parts: Iterable[Part]) -> str:
    """All charts, one below the other."""
    drawn, top = [], 24
    for part in parts:
        for title, bars in part.bars.items():
            lines, top = _chart(title, bars, top)
            drawn += lines
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{top}" viewBox="0 0 {_WIDTH} {top}">'
    return "\n".join([head, f"<style>{_STYLE}</style>", *drawn, "</svg>", ""])


def _chart(title: str, bars: Mapping[str, float], top: int) -> tuple[list[str], int]:
    lines, longest = [f'<text class="title" x="10" y="{top}">{escape(title)}</text>'], max(bars.values())
    for label, value in bars.items():
        top += _BAR + 6
        plain = label.replace("*", "").replace("`", "")
        width = max(2, round((_WIDTH - _LEFT - _RIGHT) * value / longest))
        ours = (
            ""
            if plain.startswith(("a bare", "… with Firestore", "one bare", "the naive", "Flask"))
            else ' class="ours"'
        )
        lines += [
            f'<text x="{_LEFT - 8}" y="{top}" text-anchor="end">{escape(plain)}</text>',
            f'<rect{ours} x="{_LEFT}" y="{top - 15}" width="{width}" height="{_BAR - 2}" rx="3"/>',
            f'<text x="{_LEFT + width + 8}" y="{top}">{number(value)}</text>',
        ]
    return lines, top + 44
