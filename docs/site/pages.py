"""A hook of mkdocs: what the pages link to outside of docs/ becomes a part of the site.

Links in the pages are those of the repository, so that they work where the files are read as they are. On the
site a file of docs/ keeps its path below docs/, and any other file or folder that is linked lies below
`repository/`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent.parent
DOCS, REST = "docs/", "repository/"
PROJECT = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")  # pages that mkdocs.yml has in the navigation
_LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds every file outside of docs/ that a page links to, and what the added pages link to."""
    left = [DOCS + file.src_uri for file in files.documentation_pages()] + list(PROJECT)
    seen = set(left)
    while left:
        for added in _add(files, config, left.pop()):
            if added not in seen and not added.startswith(DOCS):
                seen.add(added)
                left.append(added)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turns links of the repository into links of the site."""
    here = (
        page.file.src_uri.removeprefix(REST)
        if page.file.src_uri.startswith(REST)
        else DOCS + page.file.src_uri
    )

    def turned(link: re.Match[str]) -> str:
        path = posixpath.relpath(
            _site_path(_resolved(here, link[1])), posixpath.dirname(page.file.src_uri) or "."
        )
        return f"]({path}{link[2] or ''})"

    return _LINK.sub(turned, markdown)


def _add(files: Files, config: MkDocsConfig, path: str) -> Iterator[str]:
    """Adds a path of the repository, a folder as a list of its files; yields the paths that it links to."""
    if (ROOT / path).is_dir():
        inside = sorted(each.name for each in (ROOT / path).iterdir() if each.is_file())
        listing = "\n".join([f"# {path}", "", *(f"- [{name}]({name})" for name in inside), ""])
        files.append(File.generated(config, _site_path(path), content=listing))
        yield from (f"{path}/{name}" for name in inside)
        return
    if not path.startswith(DOCS):
        files.append(File.generated(config, _site_path(path), abs_src_path=str(ROOT / path)))
    if path.endswith(".md"):
        text = (ROOT / path).read_text("utf-8")
        yield from (_resolved(path, link[1]) for link in _LINK.finditer(text))


def _resolved(page: str, link: str) -> str:
    """The path in the repository that a link of a page there leads to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), link))


def _site_path(path: str) -> str:
    """The place on the site of a path of the repository."""
    if path.startswith(DOCS):
        return path.removeprefix(DOCS)
    return f"{REST}{path}/index.md" if (ROOT / path).is_dir() else REST + path
