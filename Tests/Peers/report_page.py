"""Looks at a report's page. `parse FILE`: what Python's parser sees, as JSON. `look FILE FOLDER`: Chromium shows it on
a phone and on a desk, light and dark; nothing may stick out, no message appear, and all text must stand out from what is
behind it."""
import json
import os
import sys
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.text = [], ""
        self.seen = {"unclosed": [], "outside": [], "scripts": 0, "handlers": 0, "svg_without_name": 0, "h3": [], "rows": []}

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.text = ""
        self.seen["scripts"] += tag == "script"
        self.seen["handlers"] += sum(name.startswith("on") for name in attributes)
        for name in ("src", "href", "srcset", "action", "data"):
            if attributes.get(name) and not attributes[name].startswith("#"):
                self.seen["outside"].append(attributes[name])
        if tag == "svg" and not (attributes.get("aria-label") or attributes.get("aria-hidden")):
            self.seen["svg_without_name"] += 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_data(self, data):
        self.text += data
        if self.open[-1:] == ["style"] and ("url(" in data or "@import" in data):
            self.seen["outside"].append(data)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.seen["unclosed"].append(tag)
        if tag == "h3":
            self.seen["h3"].append(self.text)
        if tag in ("th", "a") and "tbody" in self.open:
            self.seen["rows"].append(self.text)


def parse(path):
    page = Page()
    with open(path, encoding="utf-8") as file:
        page.feed(file.read())
    page.close()
    page.seen["unclosed"] += page.open
    print(json.dumps(page.seen))


# WCAG 2.2: relative luminance and contrast of each text with the nearest background behind it.
CONTRAST = """
const part = c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
const rgb = text => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => .2126 * part(r / 255) + .7152 * part(g / 255) + .0722 * part(b / 255);
const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] !== 0) return c; } };
const low = [];
for (const e of document.querySelectorAll('main *')) {
  if (e.closest('svg') || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
  const [a, b] = [light(rgb(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
  const contrast = (a + .05) / (b + .05);
  if (contrast < 4.5) low.push(`${e.tagName}.${e.className} ${e.textContent.slice(0, 30)}: ${contrast.toFixed(2)}`);
}
return low.slice(0, 10);
"""

OVERFLOW = """
const low = [], wide = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth > wide) low.push(`page ${document.documentElement.scrollWidth} > ${wide}`);
for (const e of document.querySelectorAll('main *')) {
  const box = e.getBoundingClientRect();
  if (!e.closest('.scroll') && box.width > 0 && box.right > wide + 1) low.push(`${e.tagName}.${e.className} ${box.right}`);
}
return low.slice(0, 10);
"""


def look(path, folder):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../ProbeBackendTests/Dashboard"))
    from browser import Browser
    browser, wrong = Browser("file://" + path, folder), []
    try:
        for width in (360, 1280):
            for dark in (False, True):
                browser.look(width, 900, dark)
                browser.open()
                name = f"{width}-{'dark' if dark else 'light'}"
                wrong += [f"{name}: sticks out: {what}" for what in browser.js(OVERFLOW)]
                wrong += [f"{name}: hard to read: {what}" for what in browser.js(CONTRAST)]
                height = browser.js("return document.documentElement.scrollHeight")
                drawn = browser.js("return document.querySelectorAll('.band path.median').length")
                if drawn < 3:
                    wrong.append(f"{name}: only {drawn} lines are drawn")
                browser.look(width, min(height, 6000), dark)
                browser.driver.save_screenshot(os.path.join(folder, f"report-{name}.png"))
        wrong += browser.complaints()
    finally:
        browser.close()
    print("\n".join(wrong) or "all well")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    parse(*sys.argv[2:]) if sys.argv[1] == "parse" else look(*sys.argv[2:])
