"""A ZeroMQ client byte by byte: ZMTP 3 with CURVE (RFC 23, 26), for what a well-behaved library never sends.

    wire = Wire(port); wire.greet("CURVE")
    curve = Curve(wire, public, secret, server)       # keys in Z85
    curve.enter()                                     # HELLO, WELCOME, INITIATE, READY
    curve.send(b"part", more=True)
"""
import ctypes
import ctypes.util
import os
import socket

import zmq.utils.z85 as z85

COMMAND, LONG, MORE = 4, 2, 1

sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
if sodium.sodium_init() < 0:
    raise RuntimeError("libsodium does not start")


def _call(function, *args):
    if function(*args):
        raise ValueError("a box that does not open")


def key_pair():
    public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(32)
    _call(sodium.crypto_box_keypair, public, secret)
    return public.raw, secret.raw


def seal(plain, nonce, public, secret):
    out = ctypes.create_string_buffer(len(plain) + 16)
    _call(sodium.crypto_box_easy, out, plain, ctypes.c_ulonglong(len(plain)), nonce, public, secret)
    return out.raw


def unseal(box, nonce, public, secret):
    out = ctypes.create_string_buffer(len(box) - 16)
    _call(sodium.crypto_box_open_easy, out, box, ctypes.c_ulonglong(len(box)), nonce, public, secret)
    return out.raw


METADATA = bytes([11]) + b"Socket-Type" + b"\0\0\0\6DEALER" + bytes([8]) + b"Identity" + b"\0\0\0\0"


class Wire:
    """A connection: to a port of this machine, or to a socket file."""

    def __init__(self, to):
        self.socket = socket.socket(socket.AF_UNIX if isinstance(to, str) else socket.AF_INET)
        self.socket.settimeout(10)
        self.socket.connect(to if isinstance(to, str) else ("127.0.0.1", to))

    def greet(self, mechanism):
        self.write(bytes.fromhex("ff00000000000000017f0300") + mechanism.encode().ljust(20, b"\0") + bytes(32))
        self.read(64)

    def write(self, data):
        self.socket.sendall(data)

    def read(self, n):
        data = b""
        while len(data) < n:
            part = self.socket.recv(n - len(data))
            if not part:
                raise ConnectionResetError("the other end hung up")
            data += part
        return data

    def frame(self, data, flags=0):
        size = len(data)
        self.write((bytes([flags, size]) if size < 256 else bytes([flags | LONG]) + size.to_bytes(8, "big")) + data)

    def read_frame(self):
        flags = self.read(1)[0]
        return self.read(int.from_bytes(self.read(8 if flags & LONG else 1), "big"))

    def close(self):
        self.socket.close()


class Curve:
    def __init__(self, wire, public, secret, server):
        self.wire, self.nonce = wire, 0
        self.public, self.secret, self.server = (z85.decode(key) for key in (public, secret, server))
        self.here_public, self.here_secret = key_pair()  # of this connection
        self.there = self.cookie = None

    def _next(self, prefix):
        self.nonce += 1
        short = self.nonce.to_bytes(8, "big")
        return short, prefix + short

    def hello(self):
        short, nonce = self._next(b"CurveZMQHELLO---")
        self.wire.frame(b"\x05HELLO\x01\x00" + bytes(72) + self.here_public + short +
                        seal(bytes(64), nonce, self.server, self.here_secret), COMMAND)
        welcome = self.wire.read_frame()
        plain = unseal(welcome[24:], b"WELCOME-" + welcome[8:24], self.server, self.here_secret)
        self.there, self.cookie = plain[:32], plain[32:]

    def initiate(self, metadata=METADATA):
        vouch_nonce = os.urandom(16)
        vouch = seal(self.here_public + self.server, b"VOUCH---" + vouch_nonce, self.there, self.secret)
        short, nonce = self._next(b"CurveZMQINITIATE")
        self.wire.frame(b"\x08INITIATE" + self.cookie + short +
                        seal(self.public + vouch_nonce + vouch + metadata, nonce, self.there, self.here_secret), COMMAND)

    def enter(self):
        self.hello()
        self.initiate()
        answer = self.wire.read_frame()
        if not answer.startswith(b"\x05READY"):
            raise ConnectionRefusedError(answer)

    def send(self, data, more=False):
        short, nonce = self._next(b"CurveZMQMESSAGEC")
        self.wire.frame(b"\x07MESSAGE" + short + seal(bytes([MORE if more else 0]) + data, nonce, self.there,
                                                      self.here_secret))

    def receive(self):
        """The next part."""
        frame = self.wire.read_frame()
        return unseal(frame[16:], b"CurveZMQMESSAGES" + frame[8:16], self.there, self.here_secret)[1:]
