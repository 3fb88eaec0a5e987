"""Reading a page: its elements, its links, its policy."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"meta", "br", "input", "rect", "line", "path", "circle", "text", "col"}


class Reader(HTMLParser):
    """Every start tag of a page with its attributes, and the text of style and script."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.held = {"style": [], "script": []}
        self._inside = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in self.held:
            self._inside = tag
            self.held[tag].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag == self._inside:
            self._inside = None

    def handle_data(self, data):
        if self._inside:
            self.held[self._inside][-1] += data

    def every(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def sha(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def check_page(text, *, scripts=0):
    """Assert what holds for every page; return its reader."""
    page = Reader(text)
    policies = [m["content"] for m in page.every("meta") if "http-equiv" in m]
    (style,) = page.held["style"]
    expected = f"default-src 'none'; style-src '{sha(style)}'"
    if scripts:
        (script,) = page.held["script"]
        expected += f"; script-src '{sha(script)}'"
    assert policies == [f"{expected}; base-uri 'none'; form-action 'none'"]
    assert len(page.every("script")) == scripts
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in page.tags:
        assert not {"src", "style", "srcset", "action", "xlink:href"} & attributes.keys(), tag
        assert not any(key.startswith("on") for key in attributes), tag
        assert tag not in {"iframe", "img", "object", "embed", "link", "base", "form"}
        if "href" in attributes:
            assert attributes["href"].startswith("#")
            assert attributes["href"][1:] in ids
        for labelled in (attributes.get("aria-labelledby") or "").split():
            assert labelled in ids
    assert len(page.every("h1")) == 1
    assert page.every("html") == [{"lang": "en"}]
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all("scope" in attributes for attributes in page.every("th"))
    return page
