"""The tests with each set of kernels of OpenBLAS: python tests/support/kernels.py KERNELS THREADS -- ARGUMENTS

The arguments are pytest's:

    python tests/support/kernels.py "Haswell Nehalem" "1 2" -- -n 2 tests/test_closed_forms.py

OpenBLAS chooses its kernels by the processor, so the last figures of every sum depend on the machine. The names
are those of OPENBLAS_CORETYPE. NumPy and SciPy each bring an OpenBLAS of their own, which takes a name that it
doesn't have, or can't run here, for another in silence: only a name that both really run is tested, once. That of
CasADi, which serves Ipopt, was built for one kernel (CORE2) and is the same everywhere, but for its threads.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time


def running() -> dict[str, str]:
    """For each library of linear algebra that a solve loads, the kernels that it runs in this process."""
    import cyipopt  # noqa: F401
    import numpy as np
    import scipy.linalg
    import threadpoolctl

    class OfCasadi(threadpoolctl.OpenBLASController):
        filename_prefixes = ("libcasadi-tp-openblas",)
        internal_api = "casadi"

    threadpoolctl.register(OfCasadi)
    # A processor that lacks the kernel's instructions ends the process here.
    matrix = np.random.default_rng(0).standard_normal((200, 200))
    scipy.linalg.lu_factor(matrix @ matrix)
    found = {}
    for library in threadpoolctl.threadpool_info():
        owner = next((name for name in ("numpy", "scipy", "casadi") if f"/{name}" in library["filepath"]), None)
        if owner:
            found[owner] = library["architecture"]
    return found


def asked(kernel: str, threads: str) -> dict[str, str]:
    return os.environ | {"OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": threads}


def refusal(kernel: str) -> str | None:
    """Why this kernel can't be tested here, or None."""
    done = subprocess.run(
        [sys.executable, __file__, "--running"],
        env=asked(kernel, "1"),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return f"a product of matrices ends with {done.returncode}: {done.stderr.strip()[-200:]}"
    found = json.loads(done.stdout)
    print(f"{kernel}: " + ", ".join(f"{owner} runs {name}" for owner, name in found.items()), flush=True)
    own = {found.get("numpy"), found.get("scipy")}
    return None if own == {kernel} else f"for this processor it stands for {' and '.join(sorted(map(str, own)))}"


def main(kernels: list[str], threads: list[str], arguments: list[str]) -> int:
    lines, failed, ran = [], False, False
    for kernel in kernels:
        if (why := refusal(kernel)) is not None:
            lines.append(f"{kernel}: left out, {why}")
            print(lines[-1], flush=True)
            continue
        for count in threads:
            began = time.monotonic()
            code = subprocess.call([sys.executable, "-m", "pytest", *arguments], env=asked(kernel, count))
            failed, ran = failed or code != 0, True
            how = f"{'FAILED' if code else 'passed'} in {time.monotonic() - began:.0f} s"
            lines.append(f"{kernel}, {count} thread{'s' * (count != '1')}: {how}")
            print(lines[-1], flush=True)
    print("\nKernels of OpenBLAS:", *lines, sep="\n  ")
    return int(failed or not ran)


if __name__ == "__main__":
    if sys.argv[1:] == ["--running"]:
        print(json.dumps(running()))
    else:
        sys.exit(main(sys.argv[1].split(), sys.argv[2].split(), sys.argv[4:]))
