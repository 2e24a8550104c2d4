"""Mails in a real browser: nothing sticks out of a small phone's screen, and dark mode is dark."""

import re
import subprocess
from html import escape
from pathlib import Path

import pytest

from fulfillment.domain.status import Status
from support import tools
from support.after_sale import refund
from support.builders import bought, item, order
from support.mails import KEY, LETTERS, part, received

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --virtual-time-budget=5000"
)
ASK = """<iframe style="width:320px;height:9000px;border:0" srcdoc="{page}"></iframe><p></p><script>
addEventListener("load", () => {{
  const page = document.querySelector("iframe").contentDocument;
  const card = getComputedStyle(page.querySelector(".card")).backgroundColor;
  document.querySelector("p").textContent = page.documentElement.scrollWidth + " wide, card " + card;
}});
</script>"""


def seen(page: str, folder: Path, *flags: str) -> str:
    """The width that the page takes on a screen of 320 px, and the color of its card."""
    tools.need(tools.missing_chromium())
    asking = folder / "ask.html"
    asking.write_text(ASK.format(page=escape(page)))
    command = [
        "chromium",
        *FLAGS.split(),
        *flags,
        f"--user-data-dir={folder / 'profile'}",
        "--dump-dom",
        asking.as_uri(),
    ]
    for _try in range(5):  # on a busy machine the browser may print the page before it has answered
        dom = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout
        if said := re.search("</iframe><p>(.+)</p>", dom):
            return said[1]
    pytest.fail("the page never said how wide it is")


LONG = bought(item("N" * 500, 123456789, "kwd"))
PAGES = {
    "receipt": LETTERS.receipt(order(), KEY),
    "long": LETTERS.receipt(LONG, KEY),
    "rtl": LETTERS.receipt(order(locale="ar"), KEY),
    "refund": LETTERS.refund(order(), refund(1050), KEY),
    "long refund": LETTERS.refund(order(amount_total=2**50), refund(2**50, currency="idr"), KEY),
    "failed": LETTERS.payment_failed(order(Status.PAYMENT_FAILED), KEY),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_mail_fits_a_small_screen(tmp_path: Path, name: str) -> None:
    assert seen(part(received(PAGES[name]), "html"), tmp_path) == "320 wide, card rgb(255, 255, 255)"


def test_a_mail_is_dark_where_the_reader_wants_that(tmp_path: Path) -> None:
    page = part(received(PAGES["receipt"]), "html")
    assert seen(page, tmp_path, "--blink-settings=preferredColorScheme=0") == "320 wide, card rgb(27, 30, 37)"
