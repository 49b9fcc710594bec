"""Mails of every kind in a real browser, as wide as a phone and as a window: nothing is wider than what shows it."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

BROWSER = shutil.which("chromium")
WIDTHS = (360, 800)

# Each mail in a frame of its own width; the page then says what reaches over the right edge.
PAGE = """<!DOCTYPE html><meta charset="utf-8"><body>%s<pre id="found"></pre><script>
addEventListener("load", () => {
  const found = [];
  for (const frame of document.querySelectorAll("iframe")) {
    const page = frame.contentDocument, width = frame.clientWidth;
    for (const element of page.querySelectorAll("*")) {
      const right = element.getBoundingClientRect().right;
      if (right > width + 0.5) found.push(`${frame.title}: ${element.tagName} ends at ${right} of ${width}`);
    }
    if (page.documentElement.scrollWidth > width) found.push(`${frame.title}: scrolls sideways`);
    if (!page.body || page.body.innerText.length < 40) found.push(`${frame.title}: says nothing`);
  }
  document.getElementById("found").textContent = `looked at ${document.querySelectorAll("iframe").length}\\n` +
    found.join("\\n");
});</script></body>"""


def look(folder, mails):
    frames = "".join(
        f'<iframe title="{mail.stem} at {width}" src="{mail.name}" '
        f'style="border:0;width:{width}px;height:900px"></iframe>'
        for mail in mails
        for width in WIDTHS
    )
    (folder / "look.htm").write_text(PAGE % frames)
    done = subprocess.run(
        [
            BROWSER,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--allow-file-access-from-files",
            f"--user-data-dir={folder}/profile",
            "--virtual-time-budget=10000",
            "--dump-dom",
            f"file://{folder}/look.htm",
        ],
        capture_output=True,
        text=True,
        timeout=100,
    )
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.S)
    assert found, done.stderr[-2000:]
    looked, *wide = found.group(1).strip().split("\n")
    assert looked == f"looked at {len(mails) * len(WIDTHS)}", looked
    return [line for line in wide if line]


def main():
    if not BROWSER:
        print("SKIPPED: chromium is not installed (290 MB, so ./dev does not install it)")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="retaind-test-", ignore_cleanup_errors=True) as place:
        folder = pathlib.Path(place)
        subprocess.run([sys.argv[1], place], check=True)
        mails = sorted(folder.glob("*.html"))
        assert len(mails) > 10, mails
        wide = look(folder, mails)
        assert not wide, "\n".join(wide)
        one = (folder / "one.html").read_text()
        (folder / "too_wide.html").write_text(one.replace("<table", '<table width="500"', 1))
        assert look(folder, [folder / "too_wide.html"]), "a table that is too wide is not noticed"
    print(f"{len(mails)} mails fit {' and '.join(map(str, WIDTHS))} pixels")


main()
