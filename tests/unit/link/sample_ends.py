"""What a link that records gives, and what it says in the end."""

import itertools

import pytest

from tinyforge.core.errors import DeviceError


def taken(link, count):
    """So many blocks of samples, or what there is."""
    return list(itertools.islice(link.samples(), count))


def end_of(link):
    """What `samples` says in the end, without the port's name, after the blocks that it still gives."""
    with pytest.raises(DeviceError) as caught:
        for _ in link.samples():
            pass
    return str(caught.value).removeprefix(f"{caught.value.place}: ")
