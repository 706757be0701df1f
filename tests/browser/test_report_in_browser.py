"""The report in a real browser: what it loads, what it shows, and whether it fits a phone."""

from __future__ import annotations

import http.server
import importlib.util
import json
import os
import re
import shutil
import struct
import subprocess
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest

from tinyforge.report import Comparison, render_comparison, render_html

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-features=NetworkTimeServiceQuerying",  # the browser asks a server for the time, whatever the page
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
)
DARK = "--blink-settings=preferredColorScheme=0"
LIGHT = "--blink-settings=preferredColorScheme=1"


def _samples():
    path = Path(__file__).resolve().parents[1] / "unit" / "report" / "sample_report.py"
    spec = importlib.util.spec_from_file_location("sample_report", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Site:
    """A web server on this machine that every host name leads to, and what was asked of it."""

    def __init__(self):
        self.pages, self.asked = {}, []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                site.asked.append(f"{self.headers['Host']}{self.path}")
                content = site.pages.get(self.path)
                self.send_response(404 if content is None else 200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(scope="module")
def browser():
    wanted = os.environ.get("CHROME", "")
    found = next((path for path in map(shutil.which, [wanted, *NAMES] if wanted else NAMES) if path), None)
    if found is None:
        pytest.skip(f"no browser: looked at $CHROME and for {', '.join(NAMES)} on PATH")
    return found


@pytest.fixture
def site():
    served = Site()
    yield served
    served.close()


@pytest.fixture(scope="module")
def pages():
    samples = _samples()
    made = {name: render_html(getattr(samples, name)()).encode() for name in ("full", "hostile")}
    with tempfile.TemporaryDirectory() as folder:
        one, two = samples.full(), samples.broken()
        settings = (("compress.sparsity", "0.5", "0.8"), ("train.epochs", "40", "20"))
        path = render_comparison(Comparison(one, two, settings), Path(folder) / "comparison.html")
        made["comparison"] = path.read_bytes()
    return made


def run(browser, site, folder, path, *arguments):
    """Open a page of the site; what the browser prints."""
    command = [
        browser,
        *FLAGS,
        f"--user-data-dir={folder / 'profile'}",
        f"--host-resolver-rules=MAP * 127.0.0.1:{site.port}",
        *arguments,
        f"http://report.test{path}",
    ]
    done = subprocess.run(command, capture_output=True, check=False, timeout=600, cwd=folder)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return done.stdout.decode("utf-8")


# a page around the report in a frame: the frame has a phone's or a desk's width, and the script measures inside it
MEASURE = """<!doctype html><title>measure</title><body><iframe id="frame" style="border:0;width:%dpx;height:900px"
 src="/report.html"></iframe><pre id="out"></pre><script>
addEventListener("load", () => {
  const inner = document.getElementById("frame").contentDocument, root = inner.documentElement;
  const style = (selector) => inner.defaultView.getComputedStyle(inner.querySelector(selector));
  const wide = [...inner.querySelectorAll("main *, header *")].filter((element) =>
    !element.closest(".scroll, .hidden, thead, .skip") && element.getBoundingClientRect().right > root.clientWidth + 1);
  const small = [...inner.querySelectorAll("p, td, th, dd, dt, li, figcaption")].filter((element) =>
    element.textContent.trim() && parseFloat(inner.defaultView.getComputedStyle(element).fontSize) < 12);
  document.getElementById("out").textContent = JSON.stringify({
    paper: style("body").backgroundColor, ink: style("body").color, overflow: root.scrollWidth - root.clientWidth,
    wide: wide.map((element) => element.outerHTML.slice(0, 120)), small: small.length,
    scripts: inner.scripts.length, alert: inner.defaultView.evil === undefined, height: root.scrollHeight,
    headings: [...inner.querySelectorAll("h2")].map((heading) => heading.textContent),
    charts: [...inner.querySelectorAll("svg")].filter((chart) => chart.getBoundingClientRect().width < 10).length,
  });
});
</script></body>"""


def measure(browser, site, folder, page, width, *arguments):
    site.pages = {"/report.html": page, "/measure.html": (MEASURE % width).encode()}
    dom = run(browser, site, folder, "/measure.html", "--dump-dom", "--window-size=1600,1000", *arguments)
    said = re.search(r'<pre id="out">(\{.*?\})</pre>', dom, re.DOTALL)
    assert said is not None, dom[-500:]
    return json.loads(said[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


def test_the_page_asks_for_nothing(browser, site, pages, tmp_path):
    control = b'<title>control</title><img src="http://elsewhere.test/dot.png">'
    site.pages = {"/report.html": pages["full"], "/hostile.html": pages["hostile"], "/control.html": control}
    dom = run(browser, site, tmp_path, "/report.html", "--dump-dom")
    assert "Accuracy, rung by rung" in dom
    assert "Nothing was lost on the way." in dom
    run(browser, site, tmp_path, "/hostile.html", "--dump-dom")
    asked = {request for request in site.asked if "favicon" not in request}
    assert asked == {"report.test/report.html", "report.test/hostile.html"}
    run(browser, site, tmp_path, "/control.html", "--dump-dom")
    assert "elsewhere.test/dot.png" in site.asked  # a page that does ask is seen


def test_a_desk_shows_all_parts_in_light_and_dark(browser, site, pages, tmp_path):
    light = measure(browser, site, tmp_path, pages["full"], 1280, LIGHT)
    dark = measure(browser, site, tmp_path, pages["full"], 1280, DARK)
    for seen in (light, dark):
        assert seen["overflow"] == 0
        assert seen["wide"] == []
        assert seen["small"] == 0
        assert seen["charts"] == 0
        assert len(seen["headings"]) == 11
        assert seen["scripts"] == 0
    assert (light["paper"], dark["paper"]) == ("rgb(255, 255, 255)", "rgb(20, 23, 28)")
    assert light["ink"] != dark["ink"]


@pytest.mark.parametrize("name", ["full", "hostile", "comparison"])
def test_a_phone_needs_no_scrolling_sideways(browser, site, pages, tmp_path, name):
    seen = measure(browser, site, tmp_path, pages[name], 390)
    assert seen["overflow"] == 0
    assert seen["wide"] == []
    assert seen["small"] == 0
    assert seen["scripts"] == 0


def test_pictures_can_be_taken(browser, site, pages, tmp_path):
    site.pages = {"/report.html": pages["full"]}
    picture = tmp_path / "report.png"
    run(browser, site, tmp_path, "/report.html", f"--screenshot={picture}", "--window-size=1280,2400")
    content = picture.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", content[16:24]) == (1280, 2400)
    assert len(content) > 100_000  # a blank page compresses to a tenth of that
    paper = tmp_path / "report.pdf"
    run(browser, site, tmp_path, "/report.html", f"--print-to-pdf={paper}")
    printed = paper.read_bytes()
    assert printed[:5] == b"%PDF-"
    sheets = len(re.findall(rb"/Type\s*/Page\b", printed))
    assert 4 <= sheets <= 12


REFERENCES = Path(__file__).parent / "references"
VIEWS = {
    "desktop": ("full", "1280,2400", LIGHT),
    "dark": ("full", "1280,2400", DARK),
    "phone": ("full", "500,2400", LIGHT),  # the narrowest window that the browser opens
    "comparison": ("comparison", "1280,1400", LIGHT),
}
BLOCK = 20  # pixels: letters may be drawn otherwise, what stands where may not


def blocks(path):
    """Mean colour of each block of a picture, [row, column, 3], 0 to 255."""
    import matplotlib.image

    pixels = 255.0 * matplotlib.image.imread(path)[..., :3]
    rows, columns = pixels.shape[0] // BLOCK, pixels.shape[1] // BLOCK
    return pixels[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK, 3).mean(axis=(1, 3))


@pytest.mark.parametrize("view", VIEWS)
def test_it_looks_as_it_did_when_somebody_looked(browser, site, pages, tmp_path, view):
    """TINYFORGE_WRITE_REFERENCES=1 writes the pictures anew: look at them before they are committed."""
    name, size, scheme = VIEWS[view]
    site.pages = {"/report.html": pages[name]}
    picture = tmp_path / f"{view}.png"
    run(browser, site, tmp_path, "/report.html", f"--screenshot={picture}", f"--window-size={size}", scheme)
    reference = REFERENCES / f"{view}.png"
    if os.environ.get("TINYFORGE_WRITE_REFERENCES"):
        from PIL import Image

        REFERENCES.mkdir(exist_ok=True)
        Image.open(picture).convert("RGB").quantize(48).save(reference, optimize=True)
    seen, wanted = blocks(picture), blocks(reference)
    assert seen.shape == wanted.shape
    differing = float(np.mean(np.abs(seen - wanted).max(axis=2) > 40.0))
    assert differing < 0.02, f"{100 * differing:.1f} % of the picture differ: compare {picture} with {reference}"
