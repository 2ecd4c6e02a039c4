"""A Chinese page says what its English one says, as a test can tell: same blocks, code, links, figures."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[1]
TOP = {"README.md": "[中文](README.zh.md)", "README.zh.md": "[English](README.md)"}
PAIRS = [tuple(ROOT / folder / name for name in TOP) for folder in ("", "eval", "sweeps/compare")]
ENGLISH, CHINESE = zip(*PAIRS, strict=True)
CODE = ("code_block", "fence")
HEADINGS = ("h1", "h2", "h3")
FIGURE = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True)
class Block:
    """A heading, a paragraph, a code block or a cell of a table; ``text`` is without code spans and marks."""

    kind: str
    line: int
    text: str
    codes: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()

    @property
    def figures(self) -> list[str]:
        """Its numbers outside code, sorted: two languages need not name them in the same order."""
        return sorted(FIGURE.findall(self.text))


def inline(kind: str, line: int, token: Token) -> Block:
    """The block of one run of text."""
    parts = token.children or []
    return Block(
        kind,
        line,
        "".join(" " if one.type in {"softbreak", "code_inline"} else one.content for one in parts),
        tuple(sorted(one.content for one in parts if one.type == "code_inline")),
        tuple(sorted(unquote(str(one.attrs["href"])) for one in parts if one.type == "link_open")),
        tuple(str(one.attrs["src"]) for one in parts if one.type == "image"),
    )


def blocks(text: str) -> Iterator[Block]:
    """Every block of a page, in order; tables with their place in the grid."""
    parents: list[str] = []
    table = row = column = line = 0
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        line = token.map[0] + 1 if token.map else line
        if token.type == "table_open":
            table, row = table + 1, 0
        elif token.type == "tr_open":
            row, column = row + 1, 0
        elif token.type in {"th_open", "td_open"}:
            column += 1
        if token.nesting > 0:
            parents.append(token.tag)
        elif token.nesting < 0:
            parents.pop()
        elif token.type == "inline":
            inside = f"table {table}, row {row}, column {column}" if parents[-1] in {"th", "td"} else " ".join(parents)
            yield inline(inside, line, token)
        else:
            yield Block(f"{token.type} {token.info}".strip(), line, token.content)


def page(path: Path) -> list[Block]:
    """The blocks of a page; its first line, the link to the other one, is left out and keeps its number."""
    return list(blocks(path.read_text(encoding="utf-8").replace(TOP[path.name], "", 1)))


def headings(path: Path) -> dict[str, str]:
    """The place of each heading by its anchor, both with a #."""
    found = (one.text for one in page(path) if one.kind in HEADINGS)
    return {f"#{anchor(text)}": f"#{at}" for at, text in enumerate(found)}


def common(path: Path) -> list[Block]:
    """A page without what belongs to its language: the words of its anchors, the language of its links and pictures."""
    places = headings(path)
    return [
        replace(
            one,
            links=tuple(sorted(places.get(link, re.sub(r"\.zh\.md$", ".md", link)) for link in one.links)),
            pictures=tuple(re.sub(r"\.(en|zh)\.jpg$", ".jpg", picture) for picture in one.pictures),
        )
        for one in page(path)
    ]


def anchor(heading: str) -> str:
    """The name that GitHub gives to a heading: small letters, hyphens for spaces, no other punctuation."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def named(path: Path) -> str:
    """A page as it is called here, from the root of the repository."""
    return path.relative_to(ROOT).as_posix()


def same(what: str, pair: tuple[Path, Path], found: Callable[[Path], list[tuple[int, object]]]) -> None:
    """Fail with the first difference of what is found, as (line, value), in two pages."""
    for values in zip_longest(*map(found, pair), fillvalue=(0, None)):
        if values[0][1] != values[1][1]:
            here, there = (
                f"{named(path)}:{line}: {value!r}" if line else f"{named(path)}: no more of them"
                for path, (line, value) in zip(pair, values, strict=True)
            )
            pytest.fail(f"the first difference in {what}:\n  {here}\n  {there}", pytrace=False)


each_pair = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: named(pair[0]))
each_page = pytest.mark.parametrize("path", ENGLISH + CHINESE, ids=named)
each_chinese = pytest.mark.parametrize("path", CHINESE, ids=named)


@each_page
def test_each_begins_with_a_link_to_the_other(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith(f"{TOP[path.name]}\n\n# ")


@each_pair
def test_headings_have_the_same_levels_in_the_same_order(pair: tuple[Path, Path]) -> None:
    same("headings", pair, lambda path: [(one.line, one.kind) for one in page(path) if one.kind in HEADINGS])


@each_pair
def test_code_blocks_are_the_same_to_the_letter(pair: tuple[Path, Path]) -> None:
    same(
        "code blocks",
        pair,
        lambda path: [(one.line, (one.kind, one.text)) for one in page(path) if one.kind.startswith(CODE)],
    )


@each_pair
def test_tables_have_the_same_rows_and_columns(pair: tuple[Path, Path]) -> None:
    same("tables", pair, lambda path: [(one.line, one.kind) for one in page(path) if one.kind.startswith("table")])


@each_pair
def test_paragraphs_list_items_and_tables_come_in_the_same_order(pair: tuple[Path, Path]) -> None:
    same("blocks", pair, lambda path: [(one.line, one.kind) for one in page(path)])


@each_pair
@pytest.mark.parametrize("what", ["codes", "links", "pictures", "figures"])
def test_code_spans_links_pictures_and_figures_are_the_same_block_by_block(pair: tuple[Path, Path], what: str) -> None:
    same(what, pair, lambda path: [(one.line, (one.kind, *getattr(one, what))) for one in common(path)])


@each_page
def test_every_heading_and_file_that_is_linked_is_there(path: Path) -> None:
    there = headings(path)
    whole = blocks(path.read_text(encoding="utf-8"))  # with the link to the other page: each has one link at least
    targets = [(one.line, name) for one in whole for name in (*one.links, *one.pictures) if "://" not in name]
    lost = [(line, name) for line, name in targets if name not in there and not (path.parent / name).is_file()]
    assert targets
    assert lost == []


@each_chinese
def test_a_chinese_page_links_to_chinese_pages(path: Path) -> None:
    links = [(one.line, link) for one in page(path) for link in one.links]
    assert [(line, link) for line, link in links if (path.parent / link).resolve() in ENGLISH] == []


@each_chinese
def test_no_mark_of_emphasis_is_left_as_a_star(path: Path) -> None:
    """Beside Chinese punctuation, ``**`` neither opens nor closes; it is shown as it stands."""
    left = [(one.line, one.text) for one in page(path) if "*" in one.text and not one.kind.startswith(CODE)]
    assert left == []
