"""Boards as data: one TOML each, read strictly. A further board needs a TOML and a firmware folder, no code here."""

from tinyforge.boards.board import Board, Sensor, Upload, board_ids, boards_on_usb, list_boards, load_board

__all__ = ["Board", "Sensor", "Upload", "board_ids", "boards_on_usb", "list_boards", "load_board"]
