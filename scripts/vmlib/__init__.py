# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
"""What scripts/vm is made of: finding kernels, building initramfs images, running QEMU."""
