# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
"""Write initramfs images: the cached base and the small archive of one run.

The kernel unpacks concatenated cpio archives one after the other, so the base
(busybox, boot modules) is built once per kernel, and each run only adds a few
files. That also hands the command over without any quoting on the kernel's
command line.
"""
import fcntl
import hashlib
import os
import re
import shutil
import stat
import subprocess

from . import kernels

HERE = os.path.dirname(os.path.abspath(__file__))


class InitramfsError(Exception):
    """A file the guest needs is absent; the message says which."""


class Cpio:
    """A "newc" cpio archive held in memory. Parents are made as needed."""

    def __init__(self):
        self.parts = []
        self.seen = set()
        self.ino = 1

    def _entry(self, name, mode, data=b""):
        if name in self.seen:
            return
        self.seen.add(name)
        raw = name.encode() + b"\0"
        self.ino += 1
        fields = [self.ino, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(raw), 0]
        head = b"070701" + b"".join(b"%08X" % f for f in fields) + raw
        self.parts += [head, b"\0" * (-len(head) % 4), data, b"\0" * (-len(data) % 4)]

    def directory(self, path):
        """Add @path and every directory above it."""
        done = ""
        for part in path.strip("/").split("/"):
            done = done + "/" + part if done else part
            if part:
                self._entry(done, stat.S_IFDIR | 0o755)

    def file(self, path, data, mode=0o644):
        """Add a regular file with @data."""
        self.directory(os.path.dirname(path))
        self._entry(path.lstrip("/"), stat.S_IFREG | mode, data)

    def symlink(self, path, target):
        """Add a symbolic link at @path."""
        if os.path.dirname(path.strip("/")):
            self.directory(os.path.dirname(path))
        self._entry(path.lstrip("/"), stat.S_IFLNK | 0o777, target.encode())

    def host_file(self, path):
        """Copy @path from the host to the same place, through its symbolic links."""
        with open(path, "rb") as f:
            data = f.read()
        self.file(_merged_usr(path), data, 0o755 if os.access(path, os.X_OK) else 0o644)

    def write(self, out):
        """Finish the archive and write it to the open file @out."""
        self._entry("TRAILER!!!", 0)
        size = 0
        for part in self.parts:
            out.write(part)
            size += len(part)
        out.write(b"\0" * (-size % 512))


def _merged_usr(path):
    """/bin/x is /usr/bin/x on Debian; the archive has links for the short names."""
    return re.sub(r"^/(bin|sbin|lib|lib64)/", r"/usr/\1/", path)


def _busybox():
    path = shutil.which("busybox", path="/bin:/usr/bin")
    if not path:
        raise InitramfsError("busybox is not installed (package busybox-static); run scripts/setup")
    return path


def base(kernel, cachedir):
    """The cached base image for @kernel; built when absent or out of date."""
    busybox, init = _busybox(), os.path.join(HERE, "guest-init")
    ports = kernel.resolve(kernels.PORT_MODULES)
    root = [m for m in kernel.resolve(kernels.PORT_MODULES + kernels.ROOT_MODULES)
            if m not in ports]
    h = hashlib.sha256()
    for path in [busybox, init, __file__, *ports, *root]:
        st = os.stat(path)
        h.update(f"{path} {st.st_size} {st.st_mtime_ns}\n".encode())
    image = os.path.join(cachedir, f"base-{kernel.release}-{h.hexdigest()[:12]}.cpio")
    if os.path.exists(image):
        return image
    # Two first runs at once must not both write it, nor use half of it.
    with open(os.path.join(cachedir, "base.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(image):
            return image
        arc = Cpio()
        for name in ("bin", "sbin", "lib", "lib64"):
            arc.directory("usr/" + name)
            arc.symlink(name, "usr/" + name)
        for name in ("proc", "sys", "dev", "run", "tmp", "mnt", "root", "etc", "var"):
            arc.directory(name)
        with open(busybox, "rb") as f:
            arc.file("usr/bin/busybox", f.read(), 0o755)
        applets = subprocess.run([busybox, "--list"], check=True, text=True,
                                 stdout=subprocess.PIPE).stdout.split()
        for applet in applets:
            if applet != "busybox":
                arc.symlink("usr/bin/" + applet, "busybox")
        with open(init, "rb") as f:
            arc.file("init", f.read(), 0o755)
        arc.file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n"
                 b"nobody:x:65534:65534:nobody:/nonexistent:/bin/sh\n")
        arc.file("etc/group", b"root:x:0:\nnogroup:x:65534:\n")
        for what, mods in (("ports", ports), ("root", root)):
            names = []
            for path in mods:
                name = os.path.basename(path).split(".ko")[0] + ".ko"
                names.append(name)
                arc.file("wattle/boot/" + name, kernel.read_module(path))
            arc.file("wattle/boot/" + what, "".join(n + "\n" for n in names).encode())
        with open(image + ".tmp", "wb") as out:
            arc.write(out)
        os.rename(image + ".tmp", image)
    return image


def elf_needs(path):
    """@path's shared libraries and loader, as absolute paths; empty for static or non-ELF files."""
    with open(path, "rb") as f:
        if f.read(4) != b"\x7fELF":
            return []
    run = subprocess.run(["ldd", path], text=True, check=False, env={**os.environ, "LC_ALL": "C"},
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    need = []
    for line in run.stdout.splitlines():
        if "not found" in line:
            raise InitramfsError(f"{path}: {line.strip()}")
        found = re.search(r"(?:=> )?(/\S+) \(0x", line)
        if found:
            need.append(found.group(1))
    return need


def add_program(arc, path):
    """Add @path with all it needs to run: libraries, or its #! interpreter."""
    arc.host_file(path)
    for lib in elf_needs(path):
        arc.host_file(lib)
    with open(path, "rb") as f:
        line = f.readline(200)
    if line.startswith(b"#!"):
        words = line[2:].decode(errors="replace").split()
        if words and os.path.basename(words[0]) == "env" and len(words) > 1:
            words[0] = shutil.which(words[1]) or words[0]
        if words and os.path.exists(words[0]):
            add_program(arc, words[0])


def add_tree(arc, path):
    """Add a file (program or data) or a whole directory."""
    if not os.path.exists(path):
        raise InitramfsError(f"--file {path}: no such file or directory")
    if os.path.isdir(path):
        arc.directory(_merged_usr(path))
        for top, _, names in os.walk(path):
            for name in names:
                full = os.path.join(top, name)
                if os.path.isfile(full):
                    add_program(arc, full)
    else:
        add_program(arc, path)
