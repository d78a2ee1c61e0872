"""Pseudonyms: keyed, one domain apart from another, never without a key, never with another key than before."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pandas as pd
import pytest

from assets.clean.pseudonym import PseudonymError, Pseudonyms, keep_key, same_key

KEY = b"a long enough secret for the tests of pseudonyms"
OTHER = b"another long enough secret for the same few tests"


def test_agrees_with_hmac_sha256_written_out() -> None:
    """RFC 2104 by hand with hashlib alone: no call of the library that the product uses."""

    def by_hand(key: bytes, message: bytes) -> bytes:
        padded = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
        inner = hashlib.sha256(bytes(b ^ 0x36 for b in padded) + message).digest()
        return hashlib.sha256(bytes(b ^ 0x5C for b in padded) + inner).digest()

    domain = by_hand(KEY, b"safer-outcomes/pseudonym/1/police")
    found = Pseudonyms(KEY).of("police", pd.Series(["CR/1", None, "CR/1"]))
    assert found[0] == by_hand(domain, b"CR/1").hex() == hmac.new(domain, b"CR/1", "sha256").hexdigest()
    assert pd.isna(found[1])
    assert found[2] == found[0]


def test_domains_and_keys_do_not_meet() -> None:
    references = pd.Series(["R1", "R2"])
    made = [Pseudonyms(key).of(domain, references) for key in (KEY, OTHER) for domain in ("police", "pdas")]
    assert len({value for column in made for value in column}) == 8


@pytest.mark.parametrize("key", [b"", b"weak-secret", b"x" * 31])
def test_no_key_or_a_weak_one_fails_closed(key: bytes) -> None:
    with pytest.raises(PseudonymError, match="SAFER_PSEUDONYM_KEY") as error:
        Pseudonyms(key).of("pdas", pd.Series(["client-canary"]))
    assert "canary" not in str(error.value)
    assert key.decode() == "" or key.decode() not in str(error.value)


def test_another_key_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    same_key(tmp_path, Pseudonyms(KEY))
    same_key(tmp_path, Pseudonyms(KEY))
    for key in (OTHER, b""):
        with pytest.raises(PseudonymError, match="rekey"):
            same_key(tmp_path, Pseudonyms(key))
    keep_key(tmp_path, Pseudonyms(OTHER))
    same_key(tmp_path, Pseudonyms(OTHER))
    (tmp_path / "key.json").write_text("{")
    with pytest.raises(PseudonymError, match="backup"):
        same_key(tmp_path, Pseudonyms(OTHER))


def test_neither_key_nor_reference_is_shown_or_kept(tmp_path: Path) -> None:
    made = same_key(tmp_path, Pseudonyms(KEY))
    assert KEY.decode() not in repr(made)
    assert KEY.decode() not in (tmp_path / "key.json").read_text()
    assert KEY.hex() not in (tmp_path / "key.json").read_text()
