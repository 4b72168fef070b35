"""Compare and swap: an object is changed in a store, and what other writers do in the meantime is kept."""

from collections.abc import Callable

from jesses.base.retry import attempts, keeps_changing
from jesses.stores import Store

EditBytes = Callable[[bytes | None], bytes | None]
"""Gives what an object is to hold, of what it holds; None stands for an object that is not there."""


def edit(store: Store, key: str, change: EditBytes) -> bool:
    """Have the object at `key` hold what `change` makes of what it holds now, again where another was faster.

    Gives whether anything was written. It costs one read, and one conditional write unless all stays as it is.

    Raises:
        StoreError: the store failed, or other writers were faster each time.

    """
    for _ in attempts(keeps_changing(key)):
        stored = store.get(key)
        found = stored.data if stored else None
        wanted = change(found)
        if wanted == found:
            return False
        if wanted is not None:
            if store.put_if_unchanged(key, wanted, stored.token if stored else None):
                return True
        elif stored and store.delete_if_unchanged(key, stored.token):
            return True
    return False
