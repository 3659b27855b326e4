"""Of the kit what needs neither torch nor a card; part of ctest."""

import csv
import sys
import tempfile
import unittest
from pathlib import Path

GPU = Path(__file__).resolve().parent
sys.path[:0] = [str(GPU), str(GPU.parent / "ladder_peers")]

import built  # noqa: E402
import gpu_rungs  # noqa: E402
import rows  # noqa: E402
from ncu_log import STEP_END, last_step, read_ncu  # noqa: E402

SOURCES = GPU.parents[1] / "native/src"


def ncu_line(kernel, unit, value):
    return f'"0","{kernel}","gpu__time_duration.sum","{unit}","{value}"'


class KitTest(unittest.TestCase):
    def test_each_of_ours_has_its_peer_and_the_one_before_is_measured_beside_it(self):
        names = {rung.name for rung in gpu_rungs.PEERS.values()}
        together = [{rung.name for rung in group} for group in gpu_rungs.groups(list(gpu_rungs.OURS))]
        for rung in gpu_rungs.OURS:
            self.assertIn(rung.beside, names)
            if rung.after:
                self.assertTrue(any({rung.name, rung.after} <= group for group in together), rung.name)

    def test_a_peer_comes_with_what_stands_beside_it(self):
        found = [rung.name for rung in gpu_rungs.beside_peers(["int8"])]
        self.assertEqual(found, [gpu_rungs.PEERS["int8"].name, "compile bf16 int8", "compile bf16 fp8"])

    def test_a_step_lies_between_the_last_two_ends_of_a_step(self):
        lines = ["==PROF== connected", '"ID","Kernel Name","Metric Name","Metric Unit","Metric Value"',
                 ncu_line("first", "ns", "1"), ncu_line(f"{STEP_END}(long *)", "ns", "1"),
                 ncu_line("gemm", "nsecond", "1,500"), "what the program prints",
                 ncu_line("gemm", "us", "2.5"), ncu_line(f"{STEP_END}(long *)", "us", "1"),
                 ncu_line("decoder", "ms", "3")]  # fmt: skip
        step = last_step(read_ncu(lines))
        self.assertEqual(step["gemm"]["calls"], 2)
        self.assertAlmostEqual(step["gemm"]["ms"], 0.004)
        self.assertEqual(sorted(step), [f"{STEP_END}(long *)", "gemm"])

    def test_the_kernel_that_ends_a_step_is_there(self):
        self.assertIn(f"void {STEP_END}(", (SOURCES / "kernels/cuda/step_state.cu").read_text())

    def test_rows_that_came_home_are_kept_once(self):
        with tempfile.TemporaryDirectory() as folder:
            rows.HISTORY = Path(folder)
            row = {"table": "ladder", "machine": "NVIDIA H100 80GB HBM3", "id": "a bf16", "s": "1"}
            brought = rows.HISTORY / "brought.csv"
            rows.append(brought, [row, row | {"id": "a fp32"}])
            rows.keep([brought])
            rows.keep([brought])
            with (rows.HISTORY / "nvidia-h100-80gb-hbm3.csv").open(newline="") as file:
                self.assertEqual([kept["id"] for kept in csv.DictReader(file)], ["a bf16", "a fp32"])

    def test_a_change_in_the_core_is_another_build(self):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "native/src/a.cpp"
            source.parent.mkdir(parents=True)
            hashes = []
            for text in ("one", "two", "one"):
                source.write_text(text)
                hashes.append(built.sources_hash(Path(folder)))
        self.assertEqual(hashes[0], hashes[2])
        self.assertNotEqual(hashes[0], hashes[1])


if __name__ == "__main__":
    unittest.main()
