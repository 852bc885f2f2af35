"""How a client of MySQL or MariaDB proves that it knows the password: the answer to a scramble, per plugin."""
import hashlib


def _xor(left, right):
    return bytes(a ^ b for a, b in zip(left, right))


def native(password, scramble):
    """SHA1(password) XOR SHA1(scramble + SHA1(SHA1(password)))"""
    if not password:
        return b""
    once = hashlib.sha1(password.encode()).digest()
    return _xor(once, hashlib.sha1(scramble[:20] + hashlib.sha1(once).digest()).digest())


def caching_sha2(password, scramble):
    """SHA256(password) XOR SHA256(SHA256(SHA256(password)) + scramble)"""
    if not password:
        return b""
    once = hashlib.sha256(password.encode()).digest()
    return _xor(once, hashlib.sha256(hashlib.sha256(once).digest() + scramble[:20]).digest())


# -- ed25519: RFC 8032, but the secret is the password itself, of any length ---------------------------------------------

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE_Y = 4 * pow(5, -1, _P) % _P
_BASE = (_BASE_X, _BASE_Y, 1, _BASE_X * _BASE_Y % _P)


def _add(left, right):
    a = (left[1] - left[0]) * (right[1] - right[0]) % _P
    b = (left[1] + left[0]) * (right[1] + right[0]) % _P
    c, d = 2 * left[3] * right[3] * _D % _P, 2 * left[2] * right[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(number):
    result, power = (0, 1, 1, 0), _BASE
    while number:
        if number & 1:
            result = _add(result, power)
        power, number = _add(power, power), number >> 1
    return result


def _compressed(point):
    inverse = pow(point[2], -1, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _number(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % _ORDER


def ed25519(password, scramble):
    """The signature of the 32 bytes sent by the server."""
    if not password:
        return b""
    message, digest = scramble[:32], hashlib.sha512(password.encode()).digest()
    secret = int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254
    public = _compressed(_times(secret))
    nonce = _number(digest[32:], message)
    point = _compressed(_times(nonce))
    return point + ((nonce + _number(point, public, message) * secret) % _ORDER).to_bytes(32, "little")


PLUGINS = {"mysql_native_password": native, "caching_sha2_password": caching_sha2, "client_ed25519": ed25519}
