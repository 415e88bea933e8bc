"""The secrets of links that the server under test sends by mail, made as it makes them: the tests know its master key."""

import hashlib
import struct
import uuid
import zlib

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
MASTER_KEY = bytes.fromhex("5e" * 32)  # see support.server
SUBKEY_LINK = 5


def base62(number, width):
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 62)
        digits = ALPHABET[digit] + digits
    return digits


def secret_of(link, purpose, master_key=MASTER_KEY):
    """crypto_kdf and a keyed hash of libsodium are BLAKE2b with a salt, a personal string and a key."""
    subkey = hashlib.blake2b(b"", digest_size=32, key=master_key, salt=struct.pack("<QQ", SUBKEY_LINK, 0),
                             person=b"segretar".ljust(16, b"\0")).digest()
    secret = hashlib.blake2b(uuid.UUID(str(link)).bytes + purpose.encode(), digest_size=32, key=subkey).digest()
    body = base62(int.from_bytes(secret, "big"), 43)
    return f"sgrl_{body}{base62(zlib.crc32(body.encode()), 6)}"


def invitation_secret(database, invitation):
    """The secret of the link that was mailed last for an invitation (its id)."""
    return secret_of(database.value("select link_id from company_invitations where id = %s", invitation), "invitation")
