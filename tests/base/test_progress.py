from jesses.base.progress import Progress, no_progress


def test_nobody_need_look() -> None:
    progress: Progress = no_progress
    assert progress("pool/kestrel.deb", 1, 2) is None
