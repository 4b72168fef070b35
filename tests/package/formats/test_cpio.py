import stat

from jesses.base.payload import File
from jesses.package.formats import cpio
from tests.support.rpm_example import Member, members


def test_a_member_reads_back_and_is_padded() -> None:
    entry, content = File(path="/usr/bin/kestrel", source=b"", mode=0o755), b"12345"
    head = cpio.member(entry, kind=stat.S_IFREG, inode=7, date=1_700_000_000, size=len(content))
    archive = head + content + cpio.padding(len(content)) + cpio.trailer()
    assert list(members(archive)) == [
        Member(
            path="./usr/bin/kestrel",
            inode=7,
            mode=stat.S_IFREG | 0o755,
            date=1_700_000_000,
            content=content,
        )
    ]
    assert len(head) % 4 == len(archive) % 4 == 0


def test_the_header_for_large_files_has_a_number_alone() -> None:
    assert cpio.stripped(26) == b"07070X0000001a" + bytes(2)
