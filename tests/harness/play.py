"""A play of a story that falls: `cirkel play`, begun again until the story is told.

    play = Play(h, lines, parts=3)       # its lines are given in parts; it cannot come to one that was not given
    play.strike(r, lambda: play.kill("scheduler"))
    play.strike(r, lambda: play.kill("cirkel"))
    play.to_the_end()
"""
import json
import os
import signal
import struct
import subprocess
import time

from tests.harness.house import CLOCK_FORMAT, ROOT

PATIENCE = 200  # seconds for a blow, and for the end


class Play:
    """`cirkel play` of these lines, begun again from the first when it ended before its time. It is given them in
    parts, and cannot come to one that was not given yet."""

    def __init__(self, h, lines, parts):
        self.h, self.out = h, os.path.join(h.folder, "play.out")
        self.lines = [json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines]
        self.ends = [len(lines) * part // parts for part in range(parts + 1)]
        self.part = 1
        self.begin()

    def begin(self):
        with open(self.out, "ab") as out:
            self.process = subprocess.Popen(
                [self.h.program("cirkel"), "play", "-", "--home", self.h.home], stdin=subprocess.PIPE, stdout=out,
                stderr=out, cwd=ROOT, bufsize=0)
        os.set_blocking(self.process.stdin.fileno(), False)
        self.said = 0
        self.h.workers["play"] = self.process  # so that it ends when the test does

    def goes_on(self):
        """False when the story is told."""
        code = self.process.poll()
        if code == 0:
            if self.said < len(self.lines):
                raise self.h.error("the play was over before its last line")
            return False
        if code:
            self.process.stdin.close()
            self.begin()
        self.say()
        return True

    def say(self):
        """As many whole lines as the pipe takes, and after the last one its end."""
        pipe = self.process.stdin
        try:
            while not pipe.closed and self.said < self.ends[self.part] and pipe.write(self.lines[self.said]):
                self.said += 1
        except BrokenPipeError:
            pass  # it has ended
        if self.said == len(self.lines):
            pipe.close()

    def moment(self, r):
        """One of the part that it was given last."""
        line = r.choice(self.lines[self.ends[self.part - 1]:self.ends[self.part]])
        return self.h.moment(json.loads(line)["at"])

    def strike(self, r, strike, ready=lambda: True):
        """Strikes once in this part: at a moment of it or some time from now, whichever comes first, when all is ready
        and there is somebody to hit. Then the next part is given."""
        moment, later = self.moment(r), time.monotonic() + r.uniform(0.1, 0.7)
        end = time.monotonic() + PATIENCE
        while not ((clock_of(self.h) >= moment or time.monotonic() >= later) and ready() and strike()):
            if time.monotonic() > end:
                raise self.error()
            if not self.goes_on():
                raise self.h.error("the play was over before all was done to it")
            time.sleep(0.005)
        self.part += 1

    def to_the_end(self):
        """What it says in the end."""
        end = time.monotonic() + PATIENCE
        while self.goes_on():
            if time.monotonic() > end:
                raise self.error()
            time.sleep(0.02)
        del self.h.workers["play"]
        with open(self.out, errors="replace") as out:
            return out.read()

    def error(self):
        return self.h.error(f"waited {PATIENCE} s in vain in part {self.part} of {len(self.ends) - 1}")

    def kill(self, name):
        """Whether it was there to be killed: the process that was noted last under that name, if it is still that."""
        try:
            with open(self.h.path("run", name + ".pid")) as file:
                pid = int(file.read())
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                args = file.read().decode().split("\0")
        except (OSError, ValueError):
            return False
        if is_dead(pid) or os.path.basename(args[0]) != name or self.h.home not in args:
            return False
        os.kill(pid, signal.SIGKILL)
        while not is_dead(pid):
            time.sleep(0.001)
        if name == "cirkel":
            self.process.stdin.close()  # so that a play that waits for its next line sees that it is alone
        return True


def is_dead(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def clock_of(h):
    """Where the story is; 0 before it has begun."""
    try:
        with open(h.path("run/clock"), "rb") as file:
            _, turn, *settings = struct.unpack(CLOCK_FORMAT, file.read())
        return settings[3 * (turn % 2)]
    except (OSError, struct.error):
        return 0
