"""How much of a card's memory is taken while something runs, as the driver counts it."""

import subprocess
import threading

MIB = 2**20
EVERY = "100"  # milliseconds


class DeviceMemory:
    """Between enter and exit `more_bytes` grows to the most that was taken beyond what was before.

    What libtorch keeps for later counts, and so does the process's context. NaN without a GPU.
    """

    def __init__(self, device):
        self.device = device
        self.before = self.most = None
        self.process = None

    def __enter__(self):
        if self.device != "cuda":
            return self
        query = ["nvidia-smi", "-i", "0", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
        try:
            self.process = subprocess.Popen([*query, "-lms", EVERY], stdout=subprocess.PIPE, text=True)
            self.note(self.process.stdout.readline())
        except OSError:
            return self
        self.thread = threading.Thread(target=lambda: [self.note(x) for x in self.process.stdout])
        self.thread.start()
        return self

    def note(self, line):
        if line.strip().isdigit():
            used = int(line) * MIB
            self.before = used if self.before is None else self.before
            self.most = max(used, self.most or 0)

    def __exit__(self, *error):
        if self.process:
            self.process.terminate()
            self.process.wait()
            self.thread.join()

    @property
    def more_bytes(self):
        return float("nan") if self.before is None else self.most - self.before
