# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
"""Run one QEMU guest: its channels, its time limit, and what its end meant.

Four virtio ports carry the run, apart from the console: wattle.in, .out and .err
are the command's, wattle.ctl reports the exit code. QEMU gets one end of a
socket pair for each, so that nothing in the file system can clash.
"""
import ctypes
import os
import selectors
import signal
import socket
import subprocess
import sys
import time

EXIT_TIMEOUT = 124      # as timeout(1)
EXIT_HARNESS = 125      # the guest did not get to the end, or output was lost
EXIT_KERNEL = 126       # the command may have succeeded, the kernel complained

PR_SET_PDEATHSIG = 1
GRACE = 20              # seconds QEMU gets to leave after the guest's last word


def _die_with_parent():
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def find_binary():
    """The QEMU system emulator, or an error that says what to install."""
    for path in os.environ.get("PATH", "").split(":") + ["/usr/bin"]:
        full = os.path.join(path, "qemu-system-x86_64")
        if os.access(full, os.X_OK):
            return full
    raise FileNotFoundError("qemu-system-x86_64 is not installed (package qemu-system-x86); "
                            "run scripts/setup")


# No 5-level paging: it only slows emulation down. The vendor brings constant_tsc: without it the
# kernel rescales or drops the TSC at every frequency change the virtual platform announces.
TCG_CPU = "max,la57=off,vendor=GenuineIntel"

# With a thread for each CPU, QEMU before 8.1 can translate code that another CPU is just patching
# and keep the result: the guest then dies of a stale breakpoint ("Oops: int3") where a tracepoint
# or static key on a busy path was switched, about once in some hundred times. Guests that load
# and unload modules with probes again and again therefore run with one thread ("tcg1").


class Machine:
    """What to boot. Turned into a command line by argv()."""

    def __init__(self, kernel, initrd, console, accel, smp, mem):
        self.kernel = kernel
        self.initrd = initrd
        self.console = console
        self.accel = accel              # "kvm", "tcg", "tcg1" or "icount"
        self.smp = smp
        self.mem = mem
        self.append = []
        self.cpu = "host" if accel == "kvm" else TCG_CPU
        self.shares = []                # (tag, path, readonly)
        self.interactive = False

    def kernel_args(self):
        """The kernel's command line."""
        # Stock watchdogs are set for real hardware. An emulated CPU on a busy host may not run
        # for tens of seconds, so they get longer; none is switched off or ignored.
        args = ["console=ttyS0,115200", "loglevel=7", "printk.devkmsg=on", "panic=-1",
                "oops=panic", "net.ifnames=0", "mitigations=off", "tsc=reliable",
                "rcupdate.rcu_cpu_stall_timeout=300", "watchdog_thresh=60",
                "workqueue.watchdog_thresh=120", "rdinit=/init"]
        if self.accel == "icount":
            # Under icount the TSC counts virtual nanoseconds: exactly 1 GHz.
            args += ["tsc_early_khz=1000000", "tsc=noirqtime"]
        return " ".join(args + self.append)

    def argv(self, ports):
        """QEMU's command line; @ports maps channel names to inherited descriptors."""
        q = [find_binary(), "-nodefaults", "-no-user-config", "-machine", "q35", "-no-reboot",
             "-display", "none", "-m", self.mem, "-smp", str(self.smp)]
        if self.accel == "kvm":
            q += ["-accel", "kvm", "-cpu", self.cpu]
        elif self.accel == "icount":
            q += ["-accel", "tcg", "-icount", "shift=1,sleep=off", "-cpu", self.cpu]
        else:
            thread = "single" if self.accel == "tcg1" else "multi"
            q += ["-accel", f"tcg,thread={thread}", "-cpu", self.cpu]
        q += ["-kernel", self.kernel.image, "-initrd", self.initrd,
              "-append", self.kernel_args(),
              "-chardev", f"file,id=console,path={self.console}", "-serial", "chardev:console",
              "-device", "virtio-serial-pci,max_ports=8"]
        for name, fd in ports.items():
            q += ["-chardev", f"socket,id={name},fd={fd}",
                  "-device", f"virtserialport,chardev={name},name=wattle.{name}"]
        if self.interactive:
            q += ["-chardev", "stdio,id=tty,signal=off", "-device", "virtconsole,chardev=tty"]
        for tag, path, readonly in self.shares:
            opts = ",readonly=on" if readonly else ""
            q += ["-fsdev", f"local,id={tag},path={path},security_model=none,"
                  f"multidevs=remap{opts}",
                  "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"]
        return q


class Stream:
    """Passes bytes on and holds back the run's closing nonce line."""

    def __init__(self, fd, nonce):
        self.fd = fd
        self.tail = (nonce + "\n").encode()
        self.held = b""
        self.complete = False

    def feed(self, data):
        """Take @data from the guest; write through all that cannot be the nonce."""
        data = self.held + data
        if data.endswith(self.tail):
            data, self.held, self.complete = data[:-len(self.tail)], b"", True
        else:
            keep = next((n for n in range(min(len(self.tail), len(data)), 0, -1)
                         if self.tail.startswith(data[-n:])), 0)
            self.held = data[len(data) - keep:]
            data = data[:len(data) - keep]
        self._write(data)

    def flush(self):
        """The guest is gone: what was held back was output after all."""
        self._write(self.held)
        self.held = b""

    def _write(self, data):
        while data:
            try:
                data = data[os.write(self.fd, data):]
            except BlockingIOError:
                with selectors.DefaultSelector() as sel:
                    sel.register(self.fd, selectors.EVENT_WRITE)
                    sel.select()
            except BrokenPipeError:
                # The reader has gone (as in `| head`): the guest still runs to its end.
                self.fd = os.open(os.devnull, os.O_WRONLY)


class Run:
    """One guest from start to end."""

    def __init__(self, machine, nonce, timeout, stdin_fd):
        self.machine = machine
        self.nonce = nonce
        self.deadline = time.monotonic() + timeout
        self.stdin_fd = stdin_fd
        self.proc = None
        self.ends = {}
        self.out = Stream(1, nonce)
        self.err = Stream(2, nonce)
        self.ctl = b""
        self.acked = False
        self.timed_out = False
        self.sel = selectors.DefaultSelector()

    def start(self):
        """Start QEMU with its channels."""
        names = ["ctl"] if self.machine.interactive else ["ctl", "in", "out", "err"]
        theirs = {}
        for name in names:
            self.ends[name], theirs[name] = socket.socketpair()
        fds = {name: s.fileno() for name, s in theirs.items()}
        inter = self.machine.interactive
        self.proc = subprocess.Popen(
            self.machine.argv(fds), pass_fds=list(fds.values()),
            stdin=None if inter else subprocess.DEVNULL,
            stdout=None if inter else subprocess.DEVNULL,
            stderr=None if inter else open(self.machine.console + ".qemu", "wb"),
            preexec_fn=_die_with_parent)        # pylint: disable=subprocess-popen-preexec-fn
        for s in theirs.values():
            s.close()
        for name in names:
            if name != "in":
                self.sel.register(self.ends[name], selectors.EVENT_READ, name)
        if not inter:
            if self.stdin_fd is None:
                self.ends["in"].shutdown(socket.SHUT_WR)
            else:
                try:
                    self.sel.register(self.stdin_fd, selectors.EVENT_READ, "stdin")
                except PermissionError:
                    # A plain file cannot be polled: it is always ready, so feed it from a cat.
                    cat = subprocess.Popen(["cat"], stdin=self.stdin_fd, stdout=subprocess.PIPE,
                                           preexec_fn=_die_with_parent)
                    self.stdin_fd = cat.stdout.fileno()
                    self.cat = cat
                    self.sel.register(self.stdin_fd, selectors.EVENT_READ, "stdin")

    def _stdin(self):
        data = os.read(self.stdin_fd, 65536)
        if data:
            # Stop reading until the guest has taken it, but go on serving its output.
            self.pending = data
            self.sel.unregister(self.stdin_fd)
            self.sel.register(self.ends["in"], selectors.EVENT_WRITE, "in")
            self.ends["in"].setblocking(False)
        else:
            # Not close(): QEMU would drop what it has not read yet on a hang-up.
            self.sel.unregister(self.stdin_fd)
            self.ends["in"].shutdown(socket.SHUT_WR)

    def _push_stdin(self):
        try:
            sent = self.ends["in"].send(self.pending)
        except (BrokenPipeError, ConnectionResetError):
            sent = len(self.pending)
        self.pending = self.pending[sent:]
        if not self.pending:
            self.sel.unregister(self.ends["in"])
            self.sel.register(self.stdin_fd, selectors.EVENT_READ, "stdin")

    def _channel(self, name):
        data = self.ends[name].recv(65536)
        if not data:
            self.sel.unregister(self.ends[name])
        elif name == "ctl":
            self.ctl += data
        else:
            {"out": self.out, "err": self.err}[name].feed(data)

    def _ready(self):
        """True once the guest has reported its exit code and all its output is here."""
        return b"\n" in self.ctl and (self.machine.interactive or
                                      (self.out.complete and self.err.complete))

    def wait(self):
        """Serve the guest until QEMU has ended, by itself or by the time limit."""
        gone_at = None
        while True:
            for key, _ in self.sel.select(0.2):
                if key.data == "stdin":
                    self._stdin()
                elif key.data == "in":
                    self._push_stdin()
                else:
                    self._channel(key.data)
            now = time.monotonic()
            if self._ready() and not self.acked:
                self.acked = True
                self.ends["ctl"].send(b"ok\n")
                self.deadline = min(self.deadline, now + GRACE)
            if self.proc.poll() is not None:
                # Drain what QEMU left in the sockets, then stop.
                open_ends = [k for k in self.sel.get_map().values()
                             if k.data in ("ctl", "out", "err")]
                gone_at = gone_at or now
                if not open_ends or now - gone_at > 5:
                    break
            elif now > self.deadline:
                self.timed_out = not self.acked
                self.proc.kill()
        self.out.flush()
        self.err.flush()

    def result(self):
        """(exit code of the command or of the harness, complaint or None)."""
        if self.timed_out:
            return EXIT_TIMEOUT, "time limit reached; the guest was stopped"
        words = self.ctl.split(b"\n")[0].split()
        if not self._ready() or len(words) != 2 or words[0] != b"exit" or not words[1].isdigit():
            return EXIT_HARNESS, (f"the guest ended before its command did "
                                  f"(QEMU's status {self.proc.returncode})")
        return int(words[1]), None

    def kill(self):
        """End QEMU now; for error paths."""
        if self.proc and self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()


def log(text):
    """Print @text as this program's own."""
    print(f"scripts/vm: {text}", file=sys.stderr, flush=True)
