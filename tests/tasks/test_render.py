import io

import pytest
from rich.console import Console

from jesses.tasks.render import TerminalNarrator


def narrator(*, terminal: bool) -> tuple[TerminalNarrator, io.StringIO]:
    out = io.StringIO()
    return TerminalNarrator(verbose=False, console=Console(file=out, force_terminal=terminal, width=100)), out


def test_a_long_upload_has_a_bar_on_a_terminal() -> None:
    subject, out = narrator(terminal=True)
    for sent in (1, 50_000_000, 100_000_000):
        subject.upload("pool/kestrel.deb", sent, 100_000_000)
    subject.progress("next")
    assert "pool/kestrel.deb" in out.getvalue()
    assert "MB" in out.getvalue()
    assert out.getvalue().rstrip().endswith("next")


@pytest.mark.parametrize(("terminal", "total"), [(False, 100_000_000), (True, 1000)])
def test_a_log_and_a_short_upload_have_none(*, terminal: bool, total: int) -> None:
    subject, out = narrator(terminal=terminal)
    subject.upload("pool/kestrel.deb", total // 2, total)
    subject.upload("pool/kestrel.deb", total, total)
    assert out.getvalue() == ""


def test_a_bar_that_is_cut_short_gives_the_terminal_back() -> None:
    subject, out = narrator(terminal=True)
    subject.upload("pool/kestrel.deb", 1, 100_000_000)
    subject.close()
    assert out.getvalue().count("\x1b[?25l") == out.getvalue().count("\x1b[?25h") == 1
    subject.close()


def test_several_uploads_at_once_have_a_bar_each() -> None:
    subject, out = narrator(terminal=True)
    for sent in (1, 50_000_000, 100_000_000):
        for key in ("one.example.org/kestrel", "two.example.org/kestrel"):
            subject.upload(key, sent, 100_000_000)
    subject.progress("next")
    assert {"one.example.org/kestrel", "two.example.org/kestrel"} <= set(out.getvalue().split())
    assert out.getvalue().count("\x1b[?25l") == out.getvalue().count("\x1b[?25h") == 1
