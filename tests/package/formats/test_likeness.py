from jesses.package.formats.likeness import unlike


def test_each_field_that_differs_is_told_once() -> None:
    own = [("a", "1"), ("b", "2"), ("c", "3")]
    assert list(unlike(own, own)) == []
    assert list(unlike(own, [("a", "1"), ("b", "3"), ("d", "4")])) == [
        "b is '2', and in the plan it is '3'",
        "d is not there, and in the plan it is '4'",
        "c is '3', and in the plan it is not there",
    ]
    assert list(unlike([*own, ("c", "3")], own)) == [
        "its fields stand twice, or not in the order in which they are written"
    ]
