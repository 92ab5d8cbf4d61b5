"""Takes out of a text what may name a person. Pure.

Our own messages name none. Errors of others may: PostgreSQL repeats the values of a row that breaks
a rule in the lines DETAIL and CONTEXT, and an address may be quoted anywhere.
"""

import re

from schemas.pseudonyms import address_in

SHOWN_INSTEAD = "[redacted]"

_QUOTING = re.compile(r"^((?:DETAIL|CONTEXT|PARAMETERS|STATEMENT):).*$", re.MULTILINE)


def redacted(text: str) -> str:
    """Return the text without addresses and without what a database quotes of its rows."""
    text = _QUOTING.sub(rf"\1 {SHOWN_INSTEAD}", text).replace("%40", "@")
    while (address := address_in(text)) is not None:
        text = text.replace(address, SHOWN_INSTEAD)
    return text
