"""Reads the tokens of a filter from left to right: of Cloud Logging's language, and of Pub/Sub's."""

import re


class FilterTokens:
    """The tokens that are not read yet. Each method raises ValueError where the filter is none."""

    def __init__(self, text: str, token: re.Pattern[str]) -> None:
        self._tokens: list[str] = []
        at = 0
        while text[at:].strip():
            found = token.match(text, at)
            if not found:
                raise ValueError(f"not a token: {text[at:]}")
            self._tokens.append(found[1])
            at = found.end()

    def _is_next(self, *tokens: str) -> bool:
        return self._tokens[:1] in [[each] for each in tokens]

    def _took(self, token: str) -> bool:
        if self._is_next(token):
            del self._tokens[0]
            return True
        return False

    def _expect(self, token: str) -> None:
        if not self._took(token):
            raise ValueError(f"{token} is missing before: {self._tokens[:1]}")

    def _next(self) -> str:
        if not self._tokens:
            raise ValueError("the filter ends too soon")
        return self._tokens.pop(0)

    def _end(self) -> None:
        if self._tokens:
            raise ValueError(f"not expected: {self._tokens[0]}")
