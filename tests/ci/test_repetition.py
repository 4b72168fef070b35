from ci.repetition import LINES, PLACES, repetitions

BODY = """
def {name}(value):
    total = 0
    for item in value:
        if item.size > 10:
            total += item.size
        else:
            total -= 1
    return total
"""


def test_a_copy_with_other_names_is_found() -> None:
    one = BODY.format(name="one")
    other = "import os\n" + BODY.format(name="other").replace("total", "sum_").replace("10", "99")
    found = repetitions({"a.py": one, "b.py": other})
    assert [str(run) for run in found] == ["a.py:4-9 ~ b.py:5"]


def test_a_copy_in_the_same_file_is_found_once() -> None:
    found = repetitions({"a.py": BODY.format(name="one") + BODY.format(name="other")})
    assert [(run.first, run.other_first) for run in found] == [(3, 12)]


def test_less_than_six_lines_are_no_repetition() -> None:
    short = "".join(f"call({', '.join('x' * at)})\n" for at in range(LINES - 1))
    assert repetitions({"a.py": short, "b.py": short}) == []


def test_what_stands_everywhere_is_how_the_language_says_it() -> None:
    body = BODY.format(name="one")
    assert len(repetitions({f"{at}.py": body for at in range(PLACES)})) == PLACES * (PLACES - 1) / 2
    assert repetitions({f"{at}.py": body for at in range(PLACES + 1)}) == []


def test_imports_docstrings_comments_and_exported_names_do_not_count() -> None:
    text = (
        '"""Doc."""\n' + "from a import b\n" * 8 + "# why\n" * 8 + "__all__ = [\n" + '    "a",\n' * 8 + "]\n"
    )
    assert repetitions({"a.py": text, "b.py": text}) == []


def test_declarations_count_where_they_are_the_same_to_the_letter() -> None:
    fields = "class {name}:\n" + "".join(f"    field_{at}: int\n" for at in range(LINES))
    same = repetitions({"a.py": fields.format(name="A"), "b.py": fields.format(name="B")})
    other = repetitions(
        {"a.py": fields.format(name="A"), "b.py": fields.replace("field", "other").format(name="B")}
    )
    assert len(same) == 1
    assert other == []
