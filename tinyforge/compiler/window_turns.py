"""How often the kernels of convolutions over two dimensions run through their loops (``instructions.py``)."""

from __future__ import annotations

import numpy as np

from tinyforge.compiler.convolution import PLACES
from tinyforge.compiler.geometry import Geometry
from tinyforge.core.graph import Array

Counts = dict[str, float]


def many_counts(geo: Geometry) -> Counts:
    """What ``tfg_conv_2d_s8`` does to gather its windows, of one batch; ``blocks`` of four places, ``few`` of two."""
    run = geo.in_ch * (geo.kernel_w if geo.dilation_w == 1 else 1)
    runs = geo.kernel_h * (1 if geo.dilation_w == 1 else geo.kernel_w)
    together = run % PLACES == 0
    places = geo.out_h * geo.out_w
    starts, counts = _blocks(places)
    columns = 3 * geo.stride_w + (geo.kernel_w - 1) * geo.dilation_w + 1
    height = geo.in_h if together else geo.in_h - 1  # rows behind which some bytes may be read
    found: Counts = {"blocks": len(counts), "few": int((counts < PLACES).sum()), "single": int((counts == 1).sum())}
    if not together:
        groups = -(-geo.kernel_h * geo.kernel_w * geo.in_ch // PLACES)
        found |= {"gathered": len(counts), "gathered groups": len(counts) * groups}
    slot = np.zeros(len(starts), np.int64)
    position = starts.copy()
    takes = as_it_is = first = later = 0
    while (todo := slot < counts).any():
        x, y = position % geo.out_w, position // geo.out_w
        taken = np.where(todo, np.minimum(geo.out_w - x, counts - slot), 0)
        left = (x - slot) * geo.stride_w - geo.pad_w
        as_it_is += int(
            (_rows_inside(geo, y * geo.stride_h - geo.pad_h, height) * ((left >= 0) & (left + columns <= geo.in_w)))[
                todo
            ].sum()
        )
        takes += int(todo.sum())
        first += int((todo & (slot == 0)).sum())
        later += int((PLACES - slot)[todo & (slot > 0)].sum())
        slot, position = slot + taken, position + taken
    padded = takes * geo.kernel_h - as_it_is
    kind = "expanded" if together else "copied"
    return found | {
        "takes": takes,
        "rows": takes * geo.kernel_h,
        **_padded(padded, columns * geo.in_ch, "padded"),
        f"{kind} runs": first * runs,
        f"{kind} words": first * runs * (run // PLACES),
        f"{kind} bytes": first * runs * (run % PLACES),
        "later runs": (takes - first) * runs,
        f"{kind} later": later * runs,
        f"{kind} later words": later * runs * (run // PLACES),
        f"{kind} later bytes": later * runs * (run % PLACES),
    }


def square_counts(geo: Geometry) -> Counts:
    """The same of ``tfg_conv_2d_pool_s8``, whose ``geo`` counts pooled outputs."""
    run = geo.in_ch * (geo.kernel_w if geo.dilation_w == 1 else 1)
    runs = geo.kernel_h * (1 if geo.dilation_w == 1 else geo.kernel_w)
    together = run % PLACES == 0
    columns = geo.stride_w + (geo.kernel_w - 1) * geo.dilation_w + 1
    behind = 0 if together else 3 if geo.in_ch < 3 else 1  # columns that are read behind the windows
    left = 2 * np.arange(geo.out_w) * geo.stride_w - geo.pad_w
    top = 2 * np.arange(geo.out_h) * geo.stride_h - geo.pad_h
    tops = top[:, None] + np.arange(geo.kernel_h) * geo.dilation_h
    spare = geo.in_w - left - columns
    inside = (left >= 0) & (spare >= 0)
    near = 0 if geo.in_w * geo.in_ch < 3 else geo.in_h - 1
    as_it_is = sum(
        int(((tops >= 0) & (tops + geo.stride_h < height)).sum()) * int((inside & which).sum())
        for height, which in ((geo.in_h, spare >= behind), (near, spare < behind))
    )
    squares = geo.out_h * geo.out_w
    kind = "expanded" if together else "copied"
    groups = -(-geo.kernel_h * geo.kernel_w * geo.in_ch // PLACES)
    return {
        "blocks": squares,
        "rows": squares * geo.kernel_h,
        "lines": geo.out_h,
        **_padded(squares * geo.kernel_h - as_it_is, columns * geo.in_ch, "padded"),
        f"{kind} runs": squares * runs,
        f"{kind} words": squares * runs * (run // PLACES),
        f"{kind} bytes": squares * runs * (run % PLACES),
        "gathered": 0 if together else squares,
        "gathered groups": 0 if together else squares * groups,
    }


def narrow_counts(geo: Geometry, pairs: int, *, by_bytes: bool) -> Counts:
    """What the kernels of narrow windows do, of one batch, with ``pairs`` of values of a window."""
    row_pairs = pairs // geo.kernel_h
    width = (geo.kernel_w - 1) * geo.dilation_w + 1
    behind = 0 if by_bytes else -(geo.kernel_w * geo.in_ch) % PLACES
    places, end = geo.out_h * geo.out_w, geo.out_w * geo.stride_w - geo.pad_w
    top, left, left_over = -geo.pad_h, -geo.pad_w, places
    found = dict.fromkeys(("blocks", "inside", "runs", "edges", "takes", "taken alone", "kept"), 0)
    while left_over > 0:
        bottom = top + (geo.kernel_h - 1) * geo.dilation_h
        fours = 0
        if left_over >= PLACES:
            found["inside"] += 1
            if top >= 0 and left >= 0 and bottom < geo.in_h:
                reach = geo.in_w - width - (-(-behind // geo.in_ch) if bottom == geo.in_h - 1 else 0)
                reach = min(reach, (geo.out_w - 1) * geo.stride_w - geo.pad_w) - left
                fours = 0 if reach < 0 else (reach // geo.stride_w + 1) // PLACES
        if fours:
            found["blocks"] += fours
            found["runs"] += fours * geo.kernel_h
            left, left_over = left + PLACES * fours * geo.stride_w, left_over - PLACES * fours
            if left == end:
                top, left = top + geo.stride_h, -geo.pad_w
            continue
        count, slot = PLACES, 0
        if left_over < PLACES:
            count = 1
            if left_over > 1 and places >= PLACES:
                count, slot = PLACES, PLACES - left_over
                found["kept"] += pairs
                left_over = PLACES
        found["edges"] += 1
        while slot < count:
            taken = min((end - left) // geo.stride_w, count - slot)
            found["takes"] += 1
            found["taken alone"] += (PLACES - slot) * geo.kernel_h if slot else 0
            found["runs"] += geo.kernel_h if slot == 0 else 0
            slot, left = slot + taken, left + taken * geo.stride_w
            if left == end:
                top, left = top + geo.stride_h, -geo.pad_w
        left_over -= count
    units = row_pairs if by_bytes else (row_pairs + 1) // 2
    length = 3 * geo.stride_w * geo.in_ch + width * geo.in_ch
    return found | {
        "taken": found["runs"] * units,
        "taken alone units": found["taken alone"] * units,
        **_padded(found["takes"] * geo.kernel_h, length, "padded"),
        "offsets": geo.kernel_w * geo.in_ch if by_bytes else 0,
        "offset columns": geo.kernel_w if by_bytes else 0,
    }


def gathered_counts(geo: Geometry, *, pitch: int, rows: int, band: int, below: int) -> Counts:
    """What ``tfg_conv_2d_gather_s8`` does to walk over windows and to copy rows, of one batch."""
    width = geo.in_w * geo.in_ch
    found: Counts = dict.fromkeys(("takes", "filled", "copied rows", "windows", "windows alone", "again", "blocks"), 0)
    out_y = 0
    while out_y < geo.out_h:
        top = out_y * geo.stride_h - geo.pad_h
        more, count = geo.in_h - below - top, min(geo.out_h - out_y, rows)
        if pitch == width and top >= 0 and more >= 0:
            count = min(geo.out_h - out_y, more // geo.stride_h + 1)
        else:
            bottom = min(top + (count - 1) * geo.stride_h + (geo.kernel_h - 1) * geo.dilation_h + 1, geo.in_h)
            found["takes"] += 1
            found["filled"] += band // 32
            found["copied rows"] += max(bottom - max(top, 0), 0)
        places = count * geo.out_w
        found["windows"] += 1
        found["again"] += places >= PLACES and places % PLACES > 0
        found["windows alone"] += places if places < PLACES else 0
        found["blocks"] += places if places < PLACES else -(-places // PLACES)
        out_y += count
    copied = found["copied rows"]
    return found | {
        "copied eights": copied * (width // 8),
        "copied bytes": copied * (width % 4),
        "rows": geo.out_h,
    }


def one_counts(geo: Geometry) -> Counts:
    """What ``tfg_conv_2d_one_s8`` does, of one batch: windows four at a time, and those at edges alone."""
    beside = geo.dilation_w == 1
    run, runs = (geo.kernel_w * geo.in_ch, 1) if beside else (geo.in_ch, geo.kernel_w)
    words = -(-run // PLACES)
    width = (geo.kernel_w - 1) * geo.dilation_w + 1
    found: Counts = dict.fromkeys(("blocks", "block rows", "alone", "alone rows", "alone words", "alone bytes"), 0.0)
    for out_y in range(geo.out_h):
        tops = out_y * geo.stride_h - geo.pad_h + np.arange(geo.kernel_h) * geo.dilation_h
        within = tops[(tops >= 0) & (tops < geo.in_h)]
        last = within.size > 0 and within[-1] == geo.in_h - 1
        rows, place = int(within.size), 0
        while place < geo.out_w:
            left = place * geo.stride_w - geo.pad_w
            reach = geo.in_w - width - left - (-(-(-run % PLACES) // geo.in_ch) if last else 0)
            inside = 0 if left < 0 or not rows or reach < 0 else min(geo.out_w - place, reach // geo.stride_w + 1)
            before = PLACES - inside
            if before > 0 and (inside == 0 or before * geo.stride_w > left):
                before = 0
                if inside < 2 or last or 3 * geo.stride_w + 3 >= geo.in_w:
                    columns = left + np.arange(geo.kernel_w) * geo.dilation_w
                    taken = int(((columns >= 0) & (columns < geo.in_w)).sum())
                    length, times = (taken * geo.in_ch, rows) if beside else (geo.in_ch, rows * taken)
                    found["alone"] += 1
                    found["alone rows"] += times
                    found["alone words"] += times * (length // PLACES)
                    found["alone bytes"] += times * (length % PLACES)
                    place += 1
                    continue
            blocks = max(inside // PLACES, 1)
            found["blocks"] += blocks
            found["block rows"] += blocks * rows * runs
            place += min(inside, blocks * PLACES)
    return found | {
        "lines": geo.out_h,
        "outputs": geo.out_h * geo.out_w,
        "block words": found["block rows"] * words,
        "dilated rows": 0 if beside else found["block rows"],
    }


def single_counts(geo: Geometry, rows: int, columns: int, scratch: int, below: int, pitch: int) -> Counts:
    """What the kernels from one channel to one do beside products, of one batch; ``rows`` and on: of the call."""
    found: Counts = dict.fromkeys(("blocks", "bands", "taken", "filled", "copied rows", "copied words"), 0.0)
    out_y, parts = 0, -(-geo.out_w // columns)
    while out_y < geo.out_h:
        top = out_y * geo.stride_h - geo.pad_h
        more, count = geo.in_h - below - top, min(geo.out_h - out_y, rows)
        if pitch == geo.in_w and top >= 0 and more >= 0:
            count = min(geo.out_h - out_y, more // geo.stride_h + 1)
        else:
            bottom = min(top + (count - 1) * geo.stride_h + (geo.kernel_h - 1) * geo.dilation_h + 1, geo.in_h)
            copied = max(bottom - max(top, 0), 0) * parts
            found["taken"] += parts
            found["filled"] += parts * (scratch // 32)
            found["copied rows"] += copied
            found["copied words"] += copied * min(geo.in_w, pitch) // PLACES
        found["bands"] += parts
        found["blocks"] += count * -(-geo.out_w // PLACES)
        out_y += count
    return found | {"lines": geo.out_h}


def _blocks(places: int) -> tuple[Array, Array]:
    """Where blocks begin and how many places they have: fours, then a two and a one."""
    fours, rest = divmod(places, PLACES)
    counts = [PLACES] * fours + ([2] if rest > 1 else []) + ([1] if rest % 2 else [])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    return starts, np.array(counts, np.int64)


def _rows_inside(geo: Geometry, top: Array, height: int) -> Array:
    tops = top[:, None] + np.arange(geo.kernel_h) * geo.dilation_h
    found: Array = ((tops >= 0) & (tops < height)).sum(axis=1)
    return found


def _padded(rows: int, length: int, name: str) -> Counts:
    """Rows of the input that are copied with padding around them."""
    return {f"{name} rows": rows, f"{name} words": rows * (length // PLACES), f"{name} bytes": rows * (length % PLACES)}
