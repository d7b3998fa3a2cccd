# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
"""Choose KVM or TCG.

A /dev/kvm may exist and still hang or refuse (nested guests, filtered ioctls),
so KVM is used only after a whole guest has booted with it within a few seconds.
The answer is kept for this boot of the host, this kernel and this QEMU.
"""
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile

from . import initramfs, qemu

LIMIT = 8       # seconds a KVM boot may take; one on working hardware needs two


def _key(kernel):
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as f:
        boot = f.read().strip()
    version = subprocess.run([qemu.find_binary(), "--version"], check=True, text=True,
                             stdout=subprocess.PIPE).stdout
    return hashlib.sha256(f"{boot} {kernel.release} {version}".encode()).hexdigest()[:16]


def _probe(kernel, build):
    """True if a guest reached its first process under KVM and left in time."""
    workdir = tempfile.mkdtemp(prefix="kvm-", dir=os.path.join(build, "vm"))
    try:
        image = os.path.join(workdir, "initrd")
        arc = initramfs.Cpio()
        with open("/usr/bin/busybox" if os.path.exists("/usr/bin/busybox") else "/bin/busybox",
                  "rb") as f:
            arc.file("bin/busybox", f.read(), 0o755)
        arc.directory("dev")
        arc.directory("proc")
        arc.file("init", b"#!/bin/busybox sh\n"
                 b"/bin/busybox mount -t devtmpfs dev /dev\n"
                 b"echo wattle-vm: kvm works >/dev/kmsg\n"
                 b"/bin/busybox reboot -f\n", 0o755)
        with open(image, "wb") as out:
            arc.write(out)
        console = os.path.join(workdir, "console")
        machine = qemu.Machine(kernel, image, console, "kvm", 1, "256M")
        try:
            subprocess.run(machine.argv({}), timeout=LIMIT, check=False,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return False
        with open(console, "rb") as f:
            return b"wattle-vm: kvm works" in f.read()
    except OSError:
        return False
    finally:
        shutil.rmtree(workdir, ignore_errors=True)


def choose(kernel, build, verbose=False):
    """"kvm" or "tcg"; the probe runs once and is remembered in @build/vm."""
    if os.environ.get("WATTLE_ACCEL") in ("kvm", "tcg"):
        return os.environ["WATTLE_ACCEL"]
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    path = os.path.join(build, "vm", "accel-" + _key(kernel))
    with open(os.path.join(build, "vm", "accel.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            answer = "kvm" if _probe(kernel, build) else "tcg"
            with open(path, "w", encoding="ascii") as f:
                f.write(answer)
        with open(path, encoding="ascii") as f:
            answer = f.read()
    if verbose and answer == "tcg":
        qemu.log(f"/dev/kvm is there, but no guest booted with it within {LIMIT} s")
    return answer
