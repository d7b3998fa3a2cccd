# SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
"""What tests/run is made of: reading TAP, the suite table, the steps of a check."""
