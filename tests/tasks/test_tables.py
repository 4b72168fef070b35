from jesses.tasks.tables import table


def test_columns_are_as_wide_as_their_widest_line() -> None:
    rows = [("component", "version", "why"), ("driver", "7.2.0", "tag 7.2.0+driver\nis here"), ("x", "", "")]
    assert list(table(rows)) == [
        "component  version  why",
        "driver     7.2.0    tag 7.2.0+driver",
        "                    is here",
        "x",
    ]


def test_the_last_column_is_folded_and_never_gets_too_narrow() -> None:
    rows = [("component", "branch release/0.17.x leads to the next patch of its line")]
    assert list(table(rows, width=40)) == [
        "component  branch release/0.17.x leads",
        "           to the next patch of its line",
    ]
    assert max(map(len, table(rows, width=5))) > 20
