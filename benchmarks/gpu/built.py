"""The core built on the spot against Python's torch, or unpacked where an earlier call brought it."""

import hashlib
import sys
import tarfile

from parts import FAILED, KIT, PASSED, ROOT

PROGRAMS = ("allaprima", "allaprima-smoke", "unet_step")
TESTS = ("allaprima_tests", "c_api_test")
FAKE_RUNTIME_FOR = "2.13."  # the libtorch whose calls the fake runtime imitates
FAKE_RUNTIME_TESTS = ("allaprima_fake_cuda_tests", "allaprima_captured_tests")
ARCHIVE = "built.tar.xz"
WITHOUT_GPU = "90a"


def sources_hash(root=ROOT):
    """Of what the libraries are made of."""
    digest = hashlib.sha256()
    files = [root / "CMakeLists.txt"]
    for folder in ("native/include", "native/src", "native/cmake", "native/smoke", "benchmarks/native"):
        files += (root / folder).rglob("*")
    for file in sorted(file for file in files if file.is_file()):
        digest.update(str(file.relative_to(root)).encode() + file.read_bytes())
    return digest.hexdigest()[:16]


class Built:
    def __init__(self, parts, folder):
        self.parts, self.folder = parts, folder.resolve()
        self.library = self.folder / "lib/liballaprima.so"
        self.label = f"{parts.torch['torch']} {self.architecture()} {sources_hash()}"

    def architecture(self):
        capability = self.parts.torch["capability"]
        if not capability:
            return WITHOUT_GPU
        number = "".join(map(str, capability))
        return number + ("a" if number == "90" else "")

    def program(self, name):
        return self.folder / "bin" / name

    def ready(self):
        """Whether library and programs are there; builds them if they are not."""
        marker = self.folder / "label.txt"
        self.unpack()
        if not (marker.exists() and marker.read_text() == self.label):
            if not (self.configure() and self.make("build", PROGRAMS, self.parts.left() / 2)):
                return False
            marker.write_text(self.label)
        return True

    def configure(self):
        torch = self.parts.torch
        cuda = "ON" if torch["cuda"] else "OFF"  # torch without CUDA: the paths, on a processor
        self.parts.run("configure", 90, [
            "cmake", "-S", ROOT, "-B", self.folder, "-G", "Ninja",
            f"-DTORCH_INCLUDE_DIR={torch['include']}", f"-DTORCH_LIBRARY_DIR={torch['lib']}",
            f"-DPython3_EXECUTABLE={sys.executable}", "-DALLAPRIMA_BENCHMARKS=ON",
            f"-DALLAPRIMA_CUDA={cuda}", f"-DALLAPRIMA_CUDA_ARCHITECTURES={self.architecture()}",
            # A compiler nobody has tried may warn: that belongs in the log, not in the way.
            "-DALLAPRIMA_WERROR=OFF"])  # fmt: skip
        return self.parts.parts[-1][1] == PASSED

    def make(self, name, targets, limit):
        output = self.parts.run(name, limit, [
            "cmake", "--build", self.folder, "--parallel", self.parts.cores, "--target", *targets,
            "--", "-k", "0"])  # fmt: skip
        warnings = (output or "").count(" warning: ")
        if warnings:
            self.parts.say(f"             | {warnings} compiler warnings, see log.txt")
        return self.parts.parts[-1][1] == PASSED

    def test(self):
        fake = self.parts.torch["torch"].startswith(FAKE_RUNTIME_FOR) and bool(self.parts.torch["cuda"])
        targets = TESTS + FAKE_RUNTIME_TESTS * fake
        self.make("build of the tests", targets, self.parts.left() - 250)
        # `symbols` holds what we ship; a build against Python's torch is not shipped.
        limit = self.parts.left() - 150
        self.ctest("C++ tests on the CPU", "-LE", "cuda", "-E", "^symbols$", limit=limit)
        if fake:
            self.ctest("C++ tests on the fake runtime", "-R", "^(fake_cuda|captured)$")
        self.ctest("C++ tests on CUDA", "-L", "^cuda$", needs_gpu=True)

    def ctest(self, name, *selection, limit=150, needs_gpu=False):
        self.parts.run(name, limit, ["ctest", "--test-dir", self.folder, "--output-on-failure",
                                   "--no-tests=error", *selection], needs_gpu)  # fmt: skip

    def pack(self):
        """For other calls on machines as bare as this: they need not build again."""
        archive = self.parts.out / ARCHIVE
        with tarfile.open(archive, "w:xz") as file:
            for path in (self.library, *map(self.program, PROGRAMS[1:]), self.folder / "label.txt"):
                file.add(path, path.relative_to(self.folder))
        size = archive.stat().st_size / 2**20
        self.parts.say(f"{archive}: {size:.1f} MiB; in {KIT.relative_to(ROOT)} it saves later calls the build")

    def unpack(self):
        archive = KIT / ARCHIVE
        if not archive.exists() or (self.folder / "label.txt").exists():
            return
        with tarfile.open(archive) as file:
            file.extractall(self.folder, filter="data")
        found = (self.folder / "label.txt").read_text()
        if found != self.label:
            (self.folder / "label.txt").unlink()
            self.parts.say(f"{archive.name} is of «{found}», this is «{self.label}»: building anew")


def build(parts, options):
    """All of it, and its tests."""
    built = Built(parts, options.build_dir)
    if not built.ready():
        parts.close("tests", FAILED, why="nothing was built")
        return
    for device in ("cpu", "cuda"):
        parts.run(f"allaprima-smoke on {device}", 90, [
            built.program("allaprima-smoke"), "--model", "models/tiny", "--device", device],
            needs_gpu=device == "cuda")  # fmt: skip
    built.test()
    built.pack()
