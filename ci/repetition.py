"""What stands twice in a tree of Python: `python ci/repetition.py [DIRECTORY]`; fails where that is too much.

The rule. A *line* is a line of code: not blank, no comment, no docstring, no import or `__all__`, and not
punctuation alone. Its *shape* is its tokens, with every name, text and number replaced by a sign for its kind,
so that other names do not hide a copy. A line that only declares (a field of a class, a constant of a module,
the head of a function) or passes a name on (an argument such as `size=file.size`) has its text for a shape,
since such lines are alike everywhere. A *repetition* is a pair of places that share six lines or more of the
same shapes, one after the other; several such runs between the same two files count as one. Six lines that
stand in more than eight places are how the language says something, and count as none.

`MOST` is how many there may be, and only ever goes down: whoever takes one away lowers it. Before the rooms
were built there were 27.
"""

import ast
import io
import keyword
import re
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

LINES: Final = 6
PLACES: Final = 8
MOST: Final = 5

_PASSED_ON: Final = re.compile(r"\w+=[\w.]+,?")
_LAYOUT: Final = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
)


@dataclass(frozen=True, order=True)
class Run:
    """Lines `first` to `last` of one file that have the shapes of lines of `other`, from `other_first` on."""

    file: str
    first: int
    last: int
    other: str
    other_first: int

    def __str__(self) -> str:
        return f"{self.file}:{self.first}-{self.last} ~ {self.other}:{self.other_first}"


def main() -> None:
    """Print every repetition below a directory; the exit code is 1 where there are more than `MOST`."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else "release")
    files = {str(path): path.read_text(encoding="utf-8") for path in sorted(root.rglob("*.py"))}
    found = repetitions(files)
    for run in found:
        print(run)
    print(f"{len(found)} repetitions; at most {MOST} are agreed on")
    if len(found) > MOST:
        sys.exit("say it once: move what both places share into one function")


def repetitions(files: dict[str, str]) -> list[Run]:
    """The longest run of each pair of files that share one, in the order of the files."""
    lines = {name: list(_lines(text)) for name, text in files.items()}
    longest: dict[tuple[str, str], Run] = {}
    for run in _runs(lines):
        pair = (run.file, run.other)
        if pair not in longest or run.last - run.first > longest[pair].last - longest[pair].first:
            longest[pair] = run
    return sorted(longest.values())


def _runs(lines: dict[str, list[tuple[int, str]]]) -> Iterator[Run]:
    windows = defaultdict[tuple[str, ...], list[tuple[str, int]]](list)
    for name, shapes in lines.items():
        for at in range(len(shapes) - LINES + 1):
            windows[tuple(shape for _, shape in shapes[at : at + LINES])].append((name, at))
    shared = {
        (one, other)
        for places in windows.values()
        if 1 < len(places) <= PLACES
        for one, other in combinations(places, 2)
        if one[0] != other[0] or other[1] - one[1] >= LINES
    }
    for (name, at), (other, other_at) in shared:
        if ((name, at - 1), (other, other_at - 1)) in shared:
            continue
        length = LINES
        while ((name, at + length - LINES + 1), (other, other_at + length - LINES + 1)) in shared:
            length += 1
        first, last = lines[name][at][0], lines[name][at + length - 1][0]
        yield Run(name, first, last, other, lines[other][other_at][0])


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of code, each with its number and its shape."""
    tree = ast.parse(text)
    skipped, declared = _skipped(tree), _declared(tree)
    tokens = defaultdict[int, list[tokenize.TokenInfo]](list)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _LAYOUT and token.start[0] not in skipped:
            tokens[token.start[0]].append(token)
    for number, found in sorted(tokens.items()):
        if any(token.type != tokenize.OP for token in found):
            is_literal = number in declared or _passes_on(found)
            yield number, " ".join(token.string if is_literal else _sign(token) for token in found)


def _passes_on(tokens: Sequence[tokenize.TokenInfo]) -> bool:
    """Whether a line is an argument that passes a name on, such as `size=file.size,`."""
    text = "".join(token.string for token in tokens)
    return bool(_PASSED_ON.fullmatch(text))


def _sign(token: tokenize.TokenInfo) -> str:
    is_fixed = token.type == tokenize.OP or keyword.iskeyword(token.string)
    return token.string if is_fixed else tokenize.tok_name[token.type]


def _skipped(tree: ast.Module) -> set[int]:
    """The lines of imports, of `__all__` and of docstrings."""
    return {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and _says_nothing(node)
        for line in _span(node)
    }


def _says_nothing(node: ast.stmt) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom():
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case ast.Expr(value=ast.Constant()):
            return True
    return False


def _declared(tree: ast.Module) -> set[int]:
    """The lines of constants, of fields of classes, and of the heads of classes and functions."""
    constants = (node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign))
    found = {line for node in constants for line in _span(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            fields = (part for part in node.body if isinstance(part, ast.Assign | ast.AnnAssign))
            found |= {line for field in fields for line in _span(field)}
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            start = min([node.lineno, *(part.lineno for part in node.decorator_list)])
            found |= set(range(start, node.body[0].lineno))
    return found


def _span(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


if __name__ == "__main__":
    main()
