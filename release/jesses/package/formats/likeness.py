"""Where a package file that others have made differs from what would be written here."""

from collections.abc import Iterator, Mapping, Sequence


def unlike(own: Sequence[tuple[str, str]], planned: Sequence[tuple[str, str]]) -> Iterator[str]:
    """What differs between the fields of a file, in their order, and those that are planned."""
    has, wants = dict(own), dict(planned)
    for name in dict.fromkeys((*wants, *has)):
        if has.get(name) != wants.get(name):
            yield f"{name} is {_told(has, name)}, and in the plan it is {_told(wants, name)}"
    if has == wants and list(own) != list(planned):
        yield "its fields stand twice, or not in the order in which they are written"


def _told(fields: Mapping[str, str], name: str) -> str:
    return repr(fields[name][:200]) if name in fields else "not there"
