"""Asks Hugging Face's library in Rust what it makes of each code point.

Prints JSON for `_unicode_tables.ts`: sets as runs [first, last], and what each
Unicode form makes of a character. Takes minutes.
"""

import json
import sys

from tokenizers import normalizers, pre_tokenizers

CODES = [code for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]


def runs(belongs):
    found = []
    for code in CODES:
        if belongs(chr(code)):
            if found and found[-1][1] == code - 1:
                found[-1][1] = code
            else:
                found.append([code, code])
    return found


def bert(**options):
    off = dict.fromkeys(
        ["clean_text", "handle_chinese_chars", "strip_accents", "lowercase"], False
    )
    return normalizers.BertNormalizer(**{**off, **options})


def deleted_by(normalizer):
    return runs(lambda character: normalizer.normalize_str(character) == "")


def changed_by(normalizer):
    made = {chr(code): normalizer.normalize_str(chr(code)) for code in CODES}
    return {ord(before): after for before, after in made.items() if before != after}


punctuation = pre_tokenizers.Punctuation("removed")
json.dump(
    {
        "sets": {
            "PUNCTUATION": runs(lambda c: not punctuation.pre_tokenize_str(c)),
            "NONSPACING": deleted_by(bert(strip_accents=True)),
            "MARK": deleted_by(normalizers.StripAccents()),
            "CONTROL": deleted_by(bert(clean_text=True)),
        },
        "forms": {
            "NFD": changed_by(normalizers.NFD()),
            "NFKD": changed_by(normalizers.NFKD()),
        },
    },
    sys.stdout,
)
