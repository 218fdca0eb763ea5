from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from dataclasses import replace
from html.parser import HTMLParser

from gategit.model import Report
from gategit.report import html_report, render

VOID = {"meta", "input", "br"}
EVERY_TAG = {
    *("html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "p", "span", "table", "tr", "th", "td"),
    *("fieldset", "legend", "label", "input", "section", "article", "b", "code", "pre", "mark", "br", "ul", "li"),
    "script",
}


class Page(HTMLParser):
    """Collects tags and attributes, and checks that every element is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element and its attributes."""
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which must be this one."""
        assert self.open.pop() == tag


def test_page_is_well_formed_and_has_our_elements_alone(rich_report: Report) -> None:
    """No name of the pull request becomes an element, an attribute or a script."""
    page = Page(render(rich_report, "html"))
    assert page.open == []
    assert page.tags <= EVERY_TAG
    assert page.attributes <= {
        *("lang", "charset", "http-equiv", "content", "name", "class", "scope", "hidden", "type", "value", "checked"),
    }


def test_page_forbids_everything_but_its_own_style_and_script(rich_report: Report) -> None:
    """The content security policy names the hashes of exactly the two inline blocks."""
    text = render(rich_report, "html")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        blocks = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert len(blocks) == 1
        digest = b64encode(hashlib.sha256(blocks[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]
    assert not re.search(r"\b(src|href|url\()", text.split("</style>")[1])


def test_page_counts_what_it_leaves_out(rich_report: Report) -> None:
    """A browser is not asked to draw more than it can; the least important ones go."""
    number = html_report.MAX_FINDINGS + 7
    report = replace(
        rich_report, findings=rich_report.findings[4:5] * (number - 1) + rich_report.findings[:1], sources={}
    )
    findings = tuple(replace(finding, fingerprint=str(index)) for index, finding in enumerate(report.findings))
    text = render(replace(report, findings=findings), "html")
    assert text.count("<article ") == html_report.MAX_FINDINGS
    assert "the file is not UTF-8 text" in text
    assert "<p>7 findings more not shown, the least important ones.</p>" in text
