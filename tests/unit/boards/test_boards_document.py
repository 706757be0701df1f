"""docs/boards.md says what the descriptions say, and its example loads."""

from tinyforge.boards import list_boards, load_board
from tinyforge.core.resources import package_dir

DOCUMENT = (package_dir().parent / "docs" / "boards.md").read_text(encoding="utf-8")


def test_every_board_is_there_with_its_sensor():
    rows = {row.split("`")[1]: row for row in DOCUMENT.splitlines() if row.startswith("| `")}
    assert set(rows) == {board.id for board in list_boards()}
    for board in list_boards():
        rates = board.sensors[0].rates_hz
        assert f"{min(rates):g}" in rows[board.id]
        assert f"{max(rates):g} Hz" in rows[board.id]
        assert f"{board.clock_hz / 1e6:g} MHz" in rows[board.id]
        if board.launcher != "virtual":
            assert board.sensors[0].part in rows[board.id]


def test_the_example_is_a_board(tmp_path):
    path = tmp_path / "my_board.toml"
    path.write_text(DOCUMENT.split("```toml\n")[1].split("```")[0])
    board = load_board(str(path))
    assert (board.id, board.hello_name, board.usb_ids) == ("my_board", "my_board", ((0x1234, 0x5678), (0x1234, 0x5679)))
