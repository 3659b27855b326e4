"""How long does a checkpoint take to load, and how much memory of its own?

    python loading.py CHECKPOINT --library LIBALLAPRIMA.SO [--precision fp32|bf16]

Prints seconds, the bytes of the weights as they are held, and the anonymous memory (RssAnon: what a
process owns, without mapped files) before, at its highest and after. Linux only.
"""

import argparse
import threading
import time

from allaprima_c import Library

INTERVAL = 0.005  # seconds between two looks


def anonymous_bytes():
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith("RssAnon:"))
    return int(line.split()[1]) * 1024


class HighWater:
    """The most anonymous memory while it is entered; ctypes lets other threads run."""

    def __enter__(self):
        self.most, self.done = anonymous_bytes(), threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self):
        while not self.done.wait(INTERVAL):
            self.most = max(self.most, anonymous_bytes())

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
    before, start = anonymous_bytes(), time.monotonic()
    with HighWater() as memory:
        pipeline = library.open(arguments.checkpoint, precision=arguments.precision)
    seconds, after = time.monotonic() - start, anonymous_bytes()
    with pipeline:
        held = sum(pipeline.info()["bytes"].values())
    print(
        f"{arguments.precision}: {seconds:.1f} s; weights {held / 2**30:.2f} GiB; anonymous memory "
        f"before {before / 2**30:.2f}, most {memory.most / 2**30:.2f}, after {after / 2**30:.2f} GiB;"
        f" most above before {(memory.most - before) / held:.3f} of the weights"
    )


if __name__ == "__main__":
    main()
