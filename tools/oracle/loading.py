"""How long does a checkpoint take to load, and how much memory of its own?

    python loading.py CHECKPOINT --library LIBALLAPRIMA.SO [--precision fp32|bf16]

Prints seconds, the bytes of the weights as they are held, and the anonymous memory (RssAnon: what a
process owns, without mapped files) before, at its highest and after. Linux only.
"""

import argparse
import threading
import time

from allaprima_c import Library

INTERVAL = 0.001  # seconds between two looks


def memory():
    """Bytes of this process: "RssAnon", what it owns, and "VmRSS", mapped files too."""
    with open("/proc/self/status") as file:
        fields = dict(line.split(":", 1) for line in file)
    return {name: int(fields[name].split()[0]) * 1024 for name in ("RssAnon", "VmRSS")}


class HighWater:
    """Memory before, and the most of it while entered; ctypes lets other threads run."""

    def __enter__(self):
        self.before, self.done = memory(), threading.Event()
        self.most = dict(self.before)
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        while not self.done.wait(INTERVAL):
            now = memory()
            self.most = {name: max(now[name], self.most[name]) for name in now}

    def __exit__(self, *error):
        self.done.set()
        self.thread.join()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("--library", required=True)
    parser.add_argument("--precision", default="auto")
    arguments = parser.parse_args()
    library = Library(arguments.library)
    library.system_info()  # starts what the library needs without a checkpoint
    start = time.monotonic()
    with HighWater() as water:
        pipeline = library.open(arguments.checkpoint, precision=arguments.precision)
    seconds, after = time.monotonic() - start, memory()["RssAnon"]
    before, most = water.before["RssAnon"], water.most["RssAnon"]
    with pipeline:
        held = sum(pipeline.info()["bytes"].values())
    print(
        f"{arguments.precision}: {seconds:.1f} s; weights {held / 2**30:.2f} GiB; anonymous memory "
        f"before {before / 2**30:.2f}, most {most / 2**30:.2f}, after {after / 2**30:.2f} GiB;"
        f" most above before {(most - before) / held:.3f} of the weights"
    )


if __name__ == "__main__":
    main()
