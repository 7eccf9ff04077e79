"""Real mail servers of Debian, unpacked beside the programs (make build/mail) and never installed: nothing is
started that a test does not start, and no mail server of this machine is replaced."""
import mailbox
import os
import pwd
import socket
import subprocess
import time

from tests.harness.ports import free_port
from tests.harness.relay import make_context

EXIM = """
exim_path = {exim}
exim_user = nobody
exim_group = nogroup
never_users =
spool_directory = {folder}/spool
log_file_path = {folder}/spool/%slog
pid_file_path = {folder}/spool/pid
notifier_socket =
deliver_drop_privilege = true
smtp_accept_queue_per_connection = 0
keep_environment = LD_PRELOAD : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
primary_hostname = relay.example
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
tls_advertise_hosts = *
tls_certificate = {folder}/relay-good.pem
tls_privatekey = {folder}/relay-good.key
host_lookup =
rfc1413_hosts =
acl_smtp_mail = only_tls
acl_smtp_rcpt = anybody
begin acl
only_tls:
  deny !encrypted = *
  accept
anybody:
  accept
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  maildir_format
  directory = {folder}/box
  user = nobody
  group = nogroup
  envelope_to_add
  return_path_add
"""


def find(bin_dir, program):
    """Where make unpacked it: beside bin/, or above for builds in folders of their own."""
    for up in ("..", "../.."):
        root = os.path.normpath(os.path.join(bin_dir, up, "mail"))
        if os.path.exists(os.path.join(root, program)):
            return root
    raise AssertionError(f"{program} is not there; make it with: make build/mail")


def wait_for(port, process):
    for _ in range(600):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise AssertionError(f"the mail server does not listen (exit {process.poll()})")


class Exim:
    """Exim with STARTTLS into a Maildir, as nobody; to be started by root."""

    host = "localhost"

    def __init__(self, bin_dir, folder):
        self.folder, self.port = os.path.join(folder, "exim"), free_port()
        root = find(bin_dir, "usr/sbin/exim4")
        exim = os.path.join(root, "usr/sbin/exim4")
        for name in ("", "spool", "box"):
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        _, self.ca = make_context(self.folder, "good")
        self.write("exim.conf", EXIM.format(exim=exim, folder=self.folder, port=self.port))
        # The program insists on the user it was built for.
        nobody = pwd.getpwnam("nobody")
        for name, line in (("passwd", f"Debian-exim:x:{nobody.pw_uid}:{nobody.pw_gid}::/:/bin/false\n"),
                           ("group", f"Debian-exim:x:{nobody.pw_gid}:\n")):
            with open("/etc/" + name) as file:
                self.write(name, file.read() + line)
        for path in (self.folder, *(os.path.join(self.folder, n) for n in ("spool", "box", "relay-good.key"))):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        open_way(self.folder)
        env = {**os.environ, "LD_PRELOAD": "libnss_wrapper.so",
               "NSS_WRAPPER_PASSWD": os.path.join(self.folder, "passwd"),
               "NSS_WRAPPER_GROUP": os.path.join(self.folder, "group")}
        with open(os.path.join(self.folder, "output"), "wb") as output:
            self.process = subprocess.Popen([exim, "-C", os.path.join(self.folder, "exim.conf"), "-bdf"], env=env,
                                            stdout=output, stderr=output)
        wait_for(self.port, self.process)

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def letters(self):
        """What lies in the Maildir, parsed."""
        box = os.path.join(self.folder, "box")
        return list(mailbox.Maildir(box)) if os.path.exists(box + "/cur") else []

    def close(self):
        self.process.kill()
        self.process.wait()


def open_way(folder):
    """Lets others pass through the folders above it, as far as they are ours."""
    while folder not in ("/", "/tmp"):
        os.chmod(folder, os.stat(folder).st_mode | 0o011)
        folder = os.path.dirname(folder)


class Sink:
    """Debian's smtp-sink: takes everything as fast as it can, and forgets it."""

    host = "127.0.0.1"

    def __init__(self, bin_dir):
        root, self.port = find(bin_dir, "usr/sbin/smtp-sink"), free_port()
        self.process = subprocess.Popen(
            [os.path.join(root, "usr/sbin/smtp-sink"), "-u", "root", "-8", f"{self.host}:{self.port}", "256"],
            env={**os.environ, "LD_LIBRARY_PATH": os.path.join(root, "usr/lib/postfix")},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.port, self.process)

    def close(self):
        self.process.kill()
        self.process.wait()
