# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
"""Find bootable kernels and the modules a guest needs to reach its root.

A kernel is looked for in three places: /var/cache/wattle/kernels/RELEASE (put
there by scripts/setup, so that the host's boot loader never hears of it), the
host's own /boot, and /var/cache/wattle/debug-kernel (scripts/debug-kernel).
"""
import glob
import lzma
import os
import re
import subprocess

CACHE = os.environ.get("WATTLE_CACHE", "/var/cache/wattle")

# Loaded in this order when the kernel has them as modules; dependencies are
# resolved through modules.dep, built-in ones are skipped.
PORT_MODULES = ["virtio_pci", "virtio_console"]
ROOT_MODULES = ["9pnet_virtio", "9p", "overlay"]


class KernelError(Exception):
    """No usable kernel; the message says what to do."""


class Kernel:
    """One bootable kernel: release, image and (if modular) its module tree."""

    def __init__(self, release, image, modules):
        self.release = release
        self.image = image
        self.modules = modules          # .../lib/modules/RELEASE, or None

    @property
    def version(self):
        """(major, minor) for comparisons."""
        return tuple(int(n) for n in re.match(r"(\d+)\.(\d+)", self.release).groups())

    def read_module(self, path):
        """The module's ELF image, whatever it was compressed with."""
        with open(path, "rb") as f:
            data = f.read()
        if path.endswith(".xz"):
            return lzma.decompress(data)
        if path.endswith(".zst"):
            return subprocess.run(["zstd", "-dcq", path], check=True, stdout=subprocess.PIPE).stdout
        return data

    def resolve(self, names):
        """File names of the modules @names need, dependencies first, built-ins left out."""
        if not self.modules:
            return []
        deps, by_name = {}, {}
        with open(os.path.join(self.modules, "modules.dep"), encoding="utf-8") as f:
            for line in f:
                path, _, rest = line.partition(":")
                deps[path] = rest.split()
                stem = os.path.basename(path).split(".ko")[0].replace("-", "_")
                by_name[stem] = path
        order = []

        def visit(path):
            # modules.dep lists the nearest dependency first and is already closed.
            for dep in reversed(deps[path]):
                if dep not in order:
                    order.append(dep)
            if path not in order:
                order.append(path)

        for name in names:
            path = by_name.get(name)
            if path:
                visit(path)
        return [os.path.join(self.modules, p) for p in order]


def _candidates():
    for image in glob.glob(CACHE + "/kernels/*/boot/vmlinuz-*"):
        release = os.path.basename(image)[len("vmlinuz-"):]
        root = os.path.dirname(os.path.dirname(image))
        for lib in ("usr/lib", "lib"):
            tree = os.path.join(root, lib, "modules", release)
            if os.path.exists(os.path.join(tree, "modules.dep")):
                yield Kernel(release, image, tree)
                break
    for image in glob.glob("/boot/vmlinuz-*"):
        release = os.path.basename(image)[len("vmlinuz-"):]
        tree = "/lib/modules/" + release
        if os.access(image, os.R_OK) and os.path.exists(tree + "/modules.dep"):
            yield Kernel(release, image, tree)


def debug_kernel():
    """The newest kernel scripts/debug-kernel has finished, or None."""
    link = CACHE + "/debug-kernel/current"
    rel = os.path.join(link, "build/include/config/kernel.release")
    image = os.path.join(link, "build/arch/x86/boot/bzImage")
    if not (os.path.exists(rel) and os.path.exists(image)):
        return None
    with open(rel, encoding="utf-8") as f:
        return Kernel(f.read().strip(), os.path.realpath(image), None)


def _key(kernel):
    return [int(n) for n in re.findall(r"\d+", kernel.release)]


def find(want):
    """The kernel @want names: a release, a series such as 6.12, "debug", or "" for the newest."""
    if want == "debug":
        kernel = debug_kernel()
        if not kernel:
            raise KernelError("no debug kernel is built; run scripts/debug-kernel (about 11 minutes)")
        return kernel
    have = sorted(_candidates(), key=_key)
    match = [k for k in have if not want or k.release == want or
             k.release.startswith(want + ".")]
    if not match:
        names = ", ".join(sorted({k.release for k in have})) or "none"
        raise KernelError(f"no kernel '{want}' here (found: {names}); run scripts/setup as root")
    # The cached copy wins over /boot for the same release: candidates come in that order.
    best = match[-1].release
    return next(k for k in match if k.release == best)
