"""Names from outside as C: nothing a model or a dataset says becomes code unencoded."""

from __future__ import annotations

import hashlib
import re

#: Words of C (to C23) and C++ (to C++20), and macros of the standard headers.
_KEYWORDS = frozenset(
    """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t char8_t
    class co_await co_return co_yield compl complex concept const const_cast consteval constexpr constinit
    continue decltype default defined delete do double dynamic_cast else enum EOF errno explicit export extern
    false float for friend goto if inline int long main mutable namespace new noexcept not not_eq NULL nullptr
    operator or or_eq private protected public register reinterpret_cast requires restrict return short signed
    sizeof static static_assert static_cast struct switch template this thread_local throw true try typedef
    typeid typename typeof typeof_unqual union unsigned using virtual void volatile wchar_t while xor xor_eq
    """.split()  # noqa: SIM905  # a table of words is read as words
)
#: A model called so would get a header that hides a system's (`string.h`; file systems ignore case), or a file that
#: Windows cannot make.
_FILES = frozenset(
    """
    arduino assert aux com1 com2 com3 com4 com5 com6 com7 com8 com9 complex con ctype errno fenv float
    inttypes iso646 limits locale lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9 math memory nul prn setjmp
    signal spi stdalign stdarg stdatomic stdbit stdbool stdckdint stddef stdint stdio stdlib stdnoreturn
    string strings tfg tgmath threads time uchar unistd wchar wctype wire
    """.split()  # noqa: SIM905  # a table of words is read as words
)
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LONGEST = 48


def is_c_identifier(text: str) -> bool:
    """Whether ``text`` can be used as it is, in C, in C++ and as a file's name.

    No keyword, no system header, no leading, trailing or double underscore, at most 48 characters.
    """
    return (
        len(text) <= _LONGEST
        and _PLAIN.fullmatch(text) is not None
        and text not in _KEYWORDS
        and text.lower() not in _FILES
        and "__" not in text
        and not text.endswith("_")
        and not text.lower().startswith(("tfg_", "tfw_"))
    )


def c_identifier(text: str, fallback: str = "model") -> str:
    """An identifier for ``text``: itself when it is plain, else with every other character written ``_x2d_``.

    What is longer than 48 characters after encoding is cut and ends in eight hex digits of its SHA-256. Two different
    texts give different identifiers unless one of them already contains an ``_x..`` group or surplus underscores.
    """
    if is_c_identifier(text):
        return text
    encoded = "".join(
        char if char.isascii() and char.isalnum() else "_" if char == "_" else f"_x{ord(char):x}_" for char in text
    )
    encoded = re.sub("__+", "_", encoded).strip("_")
    if len(encoded) > _LONGEST:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        encoded = f"{encoded[: _LONGEST - 9].rstrip('_')}_{digest}"
    if not encoded or not encoded[0].isalpha() or not is_c_identifier(encoded):
        encoded = f"{fallback}_{encoded}"[:_LONGEST].rstrip("_")
    return encoded if is_c_identifier(encoded) else fallback


def c_string(text: str) -> str:
    """A C string literal of ``text`` in UTF-8: everything but plain printable ASCII as three-digit octal escapes."""
    safe = set(range(0x20, 0x7F)) - {ord('"'), ord("\\"), ord("?")}
    body = "".join(chr(byte) if byte in safe else f"\\{byte:03o}" for byte in text.encode("utf-8", "replace"))
    return f'"{body}"'


def c_characters(text: str) -> list[str]:
    r"""``text`` in UTF-8 as C character constants with a final ``'\0'``: for what is too long for a literal in C99."""
    plain = {ord(char) for char in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,-_"}
    data = text.encode("utf-8", "replace")
    return [f"'{chr(byte)}'" if byte in plain else f"'\\{byte:03o}'" for byte in (*data, 0)]


def c_comment(text: str, longest: int = 60) -> str:
    """``text`` as it may stand inside a comment: printable ASCII, no ``*/``, ``/*``, backslash or trigraph."""
    plain = "".join(char if char.isascii() and char.isprintable() and char not in "\\?" else "_" for char in text)
    plain = plain.replace("*/", "*_").replace("/*", "/_").replace("//", "/_")
    return plain if len(plain) <= longest else f"{plain[: longest - 3]}..."
