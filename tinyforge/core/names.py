"""Names from outside as C: nothing a model or a dataset says becomes code unencoded."""

from __future__ import annotations

import re

_KEYWORDS = frozenset(
    [
        "auto",
        "break",
        "case",
        "char",
        "const",
        "continue",
        "default",
        "do",
        "double",
        "else",
        "enum",
        "extern",
        "float",
        "for",
        "goto",
        "if",
        "inline",
        "int",
        "long",
        "register",
        "restrict",
        "return",
        "short",
        "signed",
        "sizeof",
        "static",
        "struct",
        "switch",
        "typedef",
        "union",
        "unsigned",
        "void",
        "volatile",
        "while",
        "asm",
        "bool",
        "catch",
        "class",
        "constexpr",
        "delete",
        "explicit",
        "export",
        "false",
        "friend",
        "mutable",
        "namespace",
        "new",
        "noexcept",
        "nullptr",
        "operator",
        "private",
        "protected",
        "public",
        "template",
        "this",
        "throw",
        "true",
        "try",
        "typeid",
        "typename",
        "using",
        "virtual",
        "wchar_t",
        "and",
        "or",
        "not",
        "xor",
        "bitand",
        "bitor",
        "compl",
        "main",
        "NULL",
        "errno",
    ]
)
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LONGEST = 48


def is_c_identifier(text: str) -> bool:
    """Whether ``text`` can be used in C and C++ as it is: no keyword, no leading or double underscore, <= 48."""
    return (
        len(text) <= _LONGEST
        and _PLAIN.fullmatch(text) is not None
        and text not in _KEYWORDS
        and "__" not in text
        and not text.startswith(("tfg_", "tfw_"))
    )


def c_identifier(text: str, fallback: str = "model") -> str:
    """An identifier for ``text``: itself when it is plain, else with every other character written ``_x2d_``.

    Two different texts never give the same identifier as long as neither already contains an ``_x..`` group and
    both stay under 48 characters after encoding.
    """
    if is_c_identifier(text):
        return text
    encoded = "".join(
        char if char.isascii() and char.isalnum() else "_" if char == "_" else f"_x{ord(char):x}_" for char in text
    )
    encoded = re.sub("__+", "_", encoded).strip("_")[:_LONGEST].rstrip("_")
    if not encoded or not encoded[0].isalpha() or not is_c_identifier(encoded):
        encoded = f"{fallback}_{encoded}"[:_LONGEST].rstrip("_")
    return encoded if is_c_identifier(encoded) else fallback


def c_string(text: str) -> str:
    """A C string literal of ``text`` in UTF-8: everything but plain printable ASCII as three-digit octal escapes."""
    safe = set(range(0x20, 0x7F)) - {ord('"'), ord("\\"), ord("?")}
    body = "".join(chr(byte) if byte in safe else f"\\{byte:03o}" for byte in text.encode("utf-8", "replace"))
    return f'"{body}"'


def c_comment(text: str, longest: int = 60) -> str:
    """``text`` as it may stand inside a comment: printable ASCII, no ``*/``, ``/*``, backslash or trigraph."""
    plain = "".join(char if char.isascii() and char.isprintable() and char not in "\\?" else "_" for char in text)
    plain = plain.replace("*/", "*_").replace("/*", "/_").replace("//", "/_")
    return plain if len(plain) <= longest else f"{plain[: longest - 3]}..."
