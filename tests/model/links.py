"""Links in letters: what they say, sealed with the office's key."""
import base64
import hashlib

KEY = bytes([7]) * 32  # of the trial office


def seal(raw):
    return hashlib.blake2b(raw, digest_size=16, key=KEY).digest()


def make(purpose, object_, person, value, expires):
    raw = b"\1" + b"".join(bytes([len(t)]) + t.encode() for t in (purpose, object_, person, value))
    raw += expires.to_bytes(8, "big")
    return base64.urlsafe_b64encode(raw + seal(raw)).decode().rstrip("=")


def read(token):
    """(purpose, object, person, value, expires), or None when it is no link of ours."""
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    raw, sealed = raw[:-16], raw[-16:]
    if seal(raw) != sealed:
        return None
    parts, at = [], 1
    for _ in range(4):
        parts.append(raw[at + 1:at + 1 + raw[at]].decode())
        at += 1 + raw[at]
    return (*parts, int.from_bytes(raw[at:], "big"))
