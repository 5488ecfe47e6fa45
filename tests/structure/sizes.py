"""How long files and functions are. Beauty is lost in the few giants, so the tail is capped."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 70  # of Rust functions clippy counts the lines (responder/clippy.toml)
SOURCES = {".py", ".pyi", ".rs", ".html", ".css", ".js", ".sh"}
NOT_OURS = {".venv", ".git", "migrations", "target", "vendor", "node_modules"}


def oversized(root: Path) -> Iterator[str]:
    """One line for every file or function below `root` that is too long."""
    for path in sources(root):
        text = path.read_text()
        lines = text.count("\n")
        if lines > MAX_FILE_LINES:
            yield f"{path.relative_to(root)}: {lines} lines, at most {MAX_FILE_LINES}: split it by subject"
        if path.suffix == ".py":
            yield from _long_functions(path.relative_to(root), ast.parse(text))


def sources(root: Path) -> list[Path]:
    """Every source file that people write."""
    found = (path for path in root.rglob("*") if path.suffix in SOURCES and path.is_file())
    return sorted(path for path in found if not NOT_OURS & set(path.relative_to(root).parts))


def _long_functions(path: Path, module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {lines} lines, at most {MAX_FUNCTION_LINES}: split it"
