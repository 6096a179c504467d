"""Secrets in the text of statements, right or wrong: found by their place, and masked wherever such a text is shown.

A secret is what follows `encryption_passphrase` or `password`, a secret parameter or password of a URI, the path of a
master key, and every argument of EXECUTE that is no number: only the prepared statement knows what it is for. The text
need not parse: it is shown because it does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ootheca.names import RESERVED_KEYWORDS
from ootheca.sql.lexer import Token, tokenize
from ootheca.uri import REDACTED, SECRET_PARAMS, is_kms_uri, mask_uri

__all__ = ["MASK", "MaskedText", "Secret", "find_secrets", "has_mask"]

MASK = "*****"
_SECRET_WORDS = frozenset({"encryption_passphrase", "password"})
_STRINGS = frozenset({"SCONST", "IDENT", "BCONST", "BITCONST"})
_OPENS_VALUE = frozenset({"=", "("})
_ENDS_VALUE = frozenset({",", ";", ")"})
_RAW_PARAM = re.compile(rf"\b({'|'.join(sorted(SECRET_PARAMS))})=([^&'\"\s]+)", re.IGNORECASE)
_RAW_WORD = re.compile(rf"\b(?:{'|'.join(sorted(_SECRET_WORDS))})\b['\"]?\s*=?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A range of a text, in characters, that is not to be shown.

    Attributes:
        start, end: where it stands, half-open.
        value: what is secret there, decoded.
        shown: what stands in its place.
    """

    start: int
    end: int
    value: str
    shown: str


def find_secrets(text: str) -> tuple[Secret, ...]:
    """Return the secrets of a text in order, none overlapping. Takes time linear in the text."""
    tokens = list(tokenize(text))
    found = list(_in_tokens(text, tokens))
    if tokens and tokens[-1].kind == "ERROR":
        # A quote is missing somewhere, so that strings may be taken for words and words for strings.
        word = _RAW_WORD.search(text)
        if word is not None and word.end() < len(text):
            found = [secret for secret in found if secret.end <= word.end()]
            found.append(Secret(word.end(), len(text), text[word.end() :], f"'{MASK}'"))
    found += list(_between(text, found))
    return tuple(sorted(found, key=lambda secret: secret.start))


def has_mask(text: str) -> bool:
    """Tell whether something that was masked stands in a text where its secret has to be."""
    if f"={REDACTED}" in text or f":///{REDACTED}" in text:
        return True
    return MASK in text and any(secret.value == MASK for secret in find_secrets(text))


def _between(text: str, known: Sequence[Secret]) -> Iterator[Secret]:
    """Yield secret parameters of URIs outside of whole strings: without quotes, in comments, in broken text."""
    starts = [0, *(secret.end for secret in known)]
    ends = [*(secret.start for secret in known), len(text)]
    for start, end in zip(starts, ends, strict=True):
        for match in _RAW_PARAM.finditer(text, start, end):
            yield Secret(*match.span(2), match[2], REDACTED)


def _in_tokens(text: str, tokens: Sequence[Token]) -> Iterator[Secret]:
    names_user = [token.value for token in tokens[:2]] in _USER_STATEMENTS
    index = 0
    while index < len(tokens):
        token = tokens[index]
        index += 1
        if _is_execute(tokens, index - 1):
            end = _end_of_statement(tokens, index)
            yield from _arguments(text, tokens[index:end])
            index = end
            continue
        word = str(token.value).lower() if token.kind in ("WORD", *_STRINGS) else ""
        if word in _SECRET_WORDS:
            index, value = _value_after(tokens, index, takes_words=names_user)
            if value:
                start, end = value[0].start, value[-1].end
                yield Secret(start, end, value[0].text, f"'{MASK}'")
        elif token.kind in ("SCONST", "IDENT"):
            masked = mask_uri(token.text, kms=is_kms_uri(token.text))
            if masked != token.text:
                quote = text[token.end - 1] if text[token.end - 1] in "'\"" else "'"
                yield Secret(token.start, token.end, token.text, f"{quote}{masked}{quote}")


def _is_execute(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether EXECUTE name (…) starts here; EXECUTE SCHEDULE has no arguments."""
    token = tokens[index]
    if token.kind != "WORD" or token.value != "execute":
        return False
    if index and tokens[index - 1].value != ";":
        return False
    return index + 2 < len(tokens) and tokens[index + 2].value == "("


def _end_of_statement(tokens: Sequence[Token], index: int) -> int:
    while index < len(tokens) and not (tokens[index].kind == "OP" and tokens[index].value == ";"):
        index += 1
    return index


def _arguments(text: str, tokens: Sequence[Token]) -> Iterator[Secret]:
    """Yield the arguments of EXECUTE that may be secrets: each run of tokens between commas that is no constant."""
    part: list[Token] = []
    depth = 0
    for token in tokens[1:]:
        is_op = token.kind == "OP"
        if is_op and token.value in ("(", ")"):
            depth += 1 if token.value == "(" else -1
        if (is_op and token.value == "," and depth == 1) or depth == 0 or (depth == 1 and not part and is_op):
            yield from _argument(text, part)
            part = []
        else:
            part.append(token)
    yield from _argument(text, part)


def _argument(text: str, part: Sequence[Token]) -> Iterator[Secret]:
    is_harmless = all(
        token.kind in ("OP", "ICONST", "FCONST", "PLACEHOLDER") or token.value in _CONSTANTS for token in part
    )
    if not is_harmless:
        start, end = part[0].start, part[-1].end
        yield Secret(start, end, text[start:end], f"'{MASK}'")


_CONSTANTS = frozenset({"true", "false", "null"})
_USER_STATEMENTS = [[verb, kind] for verb in ("create", "alter") for kind in ("user", "role", "group")]


def _value_after(tokens: Sequence[Token], index: int, *, takes_words: bool) -> tuple[int, Sequence[Token]]:
    """Return the tokens of the value that a secret word at `index - 1` waits for, and the index after them."""
    is_opened = takes_words
    while index < len(tokens):
        token = tokens[index]
        if token.kind == "OP" and token.value in _ENDS_VALUE:
            break
        if token.kind == "OP" and token.value in _OPENS_VALUE:
            is_opened = True
            index += 1
            continue
        end = _end_of_run(tokens, index)
        if _is_value(tokens[index:end], is_opened=is_opened):
            return end, tokens[index:end]
        is_opened = False
        index = end
    return index, ()


def _end_of_run(tokens: Sequence[Token], index: int) -> int:
    """Return the index after the tokens that follow each other without a blank: `p@ss` is one passphrase."""
    index += 1
    while index < len(tokens) and tokens[index].start == tokens[index - 1].end:
        if tokens[index].kind == "OP" and tokens[index].value in _ENDS_VALUE:
            break
        index += 1
    return index


def _is_value(run: Sequence[Token], *, is_opened: bool) -> bool:
    first = run[0]
    if first.kind in _STRINGS:
        return True
    if not is_opened:
        return False
    if len(run) > 1:
        return True
    return first.kind == "WORD" and first.value not in RESERVED_KEYWORDS


class MaskedText:
    """A text with its secrets masked, and where the places of the text are in it.

    Attributes:
        text: what may be shown.
    """

    def __init__(self, text: str) -> None:
        self._source = text
        self._secrets = find_secrets(text)
        pieces = []
        position = 0
        for secret in self._secrets:
            pieces += [text[position : secret.start], secret.shown]
            position = secret.end
        self.text = "".join([*pieces, text[position:]])

    def restore(self, edited: str) -> str:
        """Return what someone made of the masked text, with the secrets put back where their masks still stand."""
        position = 0
        for secret in self._secrets:
            found = edited.find(secret.shown, position)
            if found >= 0:
                edited = (
                    edited[:found]
                    + self._source[secret.start : secret.end]
                    + edited[found + len(secret.shown) :]
                )
                position = found + secret.end - secret.start
        return edited

    def place(self, offset: int) -> int:
        """Return where an offset of the text is now: the start of its mask, if it is inside one."""
        shift = 0
        for secret in self._secrets:
            if offset <= secret.start:
                break
            if offset < secret.end:
                return secret.start + shift
            shift += len(secret.shown) - (secret.end - secret.start)
        return offset + shift

    def token(self, offset: int, text: str) -> str:
        """Return the text of the token at an offset, or the mask that hides it."""
        for secret in self._secrets:
            if secret.start <= offset < secret.end:
                return secret.shown.strip("'\"")
        return text
