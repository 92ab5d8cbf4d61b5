"""What is said to a reader, in both languages."""

from typing import Literal

import msgspec

Language = Literal["en", "de"]


class Sentence(msgspec.Struct, frozen=True):
    """The same statement in English and German."""

    en: str
    de: str

    def in_language(self, language: Language) -> str:
        """Return the one asked for."""
        return self.de if language == "de" else self.en
