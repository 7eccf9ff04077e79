"""Starting, killing and tracing the programs of a house, for the crash tests."""
import ctypes
import errno
import os
import random
import signal
import subprocess
import time

from tests.harness.house import HouseError, WORKERS

DUE = ["2022-03-22T09:00", "2022-03-22T13:00", "2022-03-23T09:00", "2022-03-24T09:00", "2022-03-25T09:00",
       "2022-03-28T09:00"]

CLONE_NEWNS = 0x20000


def number(name, default):
    return int(os.environ.get(name) or default)


def seeded(test):
    """A seed, printed with how to run the same again."""
    seed = number("SEED", random.SystemRandom().randrange(1, 1_000_000))
    print(f"{test}: seed {seed}; again: SEED={seed} make test FAULTS=1 T={test}", flush=True)
    return seed


def progress(done, of):
    """Said twenty times of a long run, not at all of a short one."""
    if of >= 100 and done % (of // 20) == 0:
        print(f"{done} of {of}", flush=True)


def spawn(house, name, prefix=(), env=None):
    """Starts a worker and waits for nothing."""
    with open(os.path.join(house.folder, name + ".log"), "ab") as log:
        house.workers[name] = subprocess.Popen(
            [*prefix, house.program(name), "--home", house.home, "--clock"] +
            (["--sink"] if name == "notifier" else []), stdin=subprocess.DEVNULL, stdout=log,
            stderr=log, cwd=house.folder, env={**os.environ, **(env or {})})
    return house.workers[name]


def faults(house, name, *lines):
    """The environment that makes a worker do these at its fault points."""
    path = os.path.join(house.folder, f"faults-{name}")
    with open(path, "w") as file:
        file.writelines(line + "\n" for line in lines)
    return {"CIRKEL_FAULTS": path}


def traced(house, name, call, what, when):
    """Starts a worker whose `when`-th such system call fails (error=EIO) or kills it (signal=KILL); the file
    that says when it did."""
    trace = os.path.join(house.folder, f"trace-{name}")
    if os.path.exists(trace):
        os.remove(trace)
    quick = [] if what.startswith("signal") else ["--seccomp-bpf"]  # which would not let the signal through
    spawn(house, name, prefix=["strace", "-f", "-D", *quick, "-qqq", "-ttt", "-o", trace, "-e", f"trace={call}",
                               "-e", f"inject={call}:{what}:when={when}"])
    return trace


def injected_at(trace):
    """The time of the injected failure, None when there was none."""
    if os.path.exists(trace):
        with open(trace, errors="replace") as file:
            for line in file:
                if "(INJECTED)" in line:
                    return float(line.split()[1])
    return None


def wait_end(house, name, patience=10):
    """Waits until the worker has ended; its code (-9: killed), None when it lives on."""
    try:
        code = house.workers[name].wait(patience)
    except subprocess.TimeoutExpired:
        return None
    del house.workers[name]
    return code


def ready(house, patience=30):
    house.until(lambda: house.state(wait=False, patience=1), "the scheduler answers", patience)
    house.until(lambda: os.path.exists(house.path("run/intake.ipc")), "intake is there", patience)


def begin(house, people=30, meetings=6, **settings):
    """A running house with a network and meetings to register for."""
    house.init(at="2022-03-01T09:00", **settings)
    house.start()
    fill(house, people, meetings)


def fill(house, people=30, meetings=6):
    house.found("net", members=people)
    for i in range(1, meetings + 1):
        house.plan(f"m{i}", starts=DUE[(i - 1) % len(DUE)], audience="members")
        house.say("meeting.call", meeting=f"m{i}")


def forward(house, minutes):
    house.set_clock(house.now + int(minutes * 60_000))


def pause(process, seconds):
    process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    process.send_signal(signal.SIGCONT)


def other_workers(name):
    return [n for n in WORKERS if n != name]


def run_or_raise(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        raise HouseError(f"{' '.join(command)}: {done.stderr or done.stdout}")
    return done.stdout


def is_root(test):
    """False, and says so, for whoever may not mount."""
    if os.geteuid() == 0:
        return True
    print(f"{test}: skipped: only root may mount")
    return False


def private_mounts():
    """What is mounted from here on goes with this process. Before the first socket, whose threads would
    stay behind."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS):
        raise HouseError(f"no mounts of our own: {os.strerror(ctypes.get_errno())}")
    run_or_raise("mount", "--make-rprivate", "/")


FS = os.environ.get("FS") or "ext4"  # or xfs, by hand: FS=xfs make crash T=power_cut_test


def make_file_system(image, mib, *options):
    """In a file of its own. An xfs so small is made for tests only, and mkfs wants to hear that it is one."""
    with open(image, "wb") as file:
        file.truncate(mib << 20)
    if FS == "xfs":
        run_or_raise("mkfs.xfs", "-q", image, env={**os.environ, "TEST_DIR": "/", "TEST_DEV": image, "QA_CHECK_FS": "1"})
    else:
        run_or_raise("mkfs.ext4", "-q", "-m", "0", *options, image)


class Disk:
    """A small file system in a file."""

    def __init__(self, house, name, mib, *options):
        self.image, self.path = os.path.join(house.folder, name + ".img"), os.path.join(house.folder, name)
        make_file_system(self.image, mib, *options)
        os.mkdir(self.path)
        self.mount()

    def mount(self, *options):
        run_or_raise("mount", "-o", ",".join(["loop", *options]), self.image, self.path)

    def unmount(self):
        run_or_raise("umount", self.path)

    def fill(self):
        """Takes every byte there is."""
        with open(os.path.join(self.path, "filler"), "wb", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1 << 10):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
        return os.statvfs(self.path).f_bavail

    def empty(self):
        os.remove(os.path.join(self.path, "filler"))
