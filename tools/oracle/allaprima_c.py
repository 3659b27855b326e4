"""The C API of native/include/allaprima.h for Python, by ctypes; needs numpy, not torch.

The library brings its own libtorch, and two of them in a process would clash: import this where
torch is not imported, or send the work to `Worker`, a process of its own.

    library = Library("target/native/lib/liballaprima.so")
    with library.open("models/tiny", precision="fp32") as pipeline:
        picture = pipeline.generate(prompt="a fox", steps=4, keep_stages=True)

Without an argument the path of the library is $ALLAPRIMA_LIBRARY. Its libtorch is found by the
RPATH it was linked with, or in $LD_LIBRARY_PATH.
"""

import ctypes
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ABI_VERSION = 1
STATUS = (
    "OK", "INVALID_ARGUMENT", "INVALID_MODEL", "UNAVAILABLE", "OUT_OF_MEMORY", "CANCELLED", "IO",
    "NOT_FINITE", "BUFFER_TOO_SMALL", "INTERNAL",
)  # fmt: skip
BUFFER_TOO_SMALL = STATUS.index("BUFFER_TOO_SMALL")
DEVICES = {"auto": 0, "cpu": 1, "cuda": 2}
PRECISIONS = {"auto": 0, "fp32": 1, "bf16": 2, "fp16": 3}
STAGES = (
    "token_ids", "token_ids_2", "hidden_states", "hidden_states_2", "pooled", "noise_pred",
    "latents", "image",
)  # fmt: skip


class PipelineOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("model", ctypes.c_char_p),
        ("model_size", ctypes.c_size_t),
        ("device", ctypes.c_int32),
        ("device_index", ctypes.c_int32),
        ("precision", ctypes.c_int32),
        ("threads", ctypes.c_int32),
        ("variant", ctypes.c_char_p),
        ("variant_size", ctypes.c_size_t),
    ]


class SizeConditioning(ctypes.Structure):
    """Sides of 0: those of the picture."""

    NAMES = "original_width original_height crop_left crop_top target_width target_height"
    _fields_ = [(name, ctypes.c_int32) for name in NAMES.split()]


class RequestStruct(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("prompt", ctypes.c_char_p),
        ("prompt_size", ctypes.c_size_t),
        ("negative_prompt", ctypes.c_char_p),
        ("negative_prompt_size", ctypes.c_size_t),
        ("width", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("steps", ctypes.c_int32),
        ("images", ctypes.c_int32),
        ("guidance", ctypes.c_double),
        ("seed", ctypes.c_uint64),
        ("latents", ctypes.c_char_p),
        ("latents_size", ctypes.c_size_t),
        ("keep_stages", ctypes.c_int32),
        ("prompt_2", ctypes.c_char_p),
        ("prompt_2_size", ctypes.c_size_t),
        ("negative_prompt_2", ctypes.c_char_p),
        ("negative_prompt_2_size", ctypes.c_size_t),
        ("clip_skip", ctypes.c_int32),
        ("guidance_rescale", ctypes.c_double),
        ("sizes", SizeConditioning),
        ("negative_sizes", SizeConditioning),
        ("seeds", ctypes.POINTER(ctypes.c_uint64)),
        ("seeds_count", ctypes.c_size_t),
    ]


HANDLE = ctypes.c_void_p
OUT = ctypes.POINTER(ctypes.c_void_p)
SIZE_OUT = ctypes.POINTER(ctypes.c_size_t)
INT_OUT = ctypes.POINTER(ctypes.c_int32)
TEXT = (ctypes.c_char_p, ctypes.c_size_t, SIZE_OUT)

# Function -> argument types; all return a status but for those in PLAIN.
FUNCTIONS = {
    "last_error": TEXT,
    "system_info": TEXT,
    "pipeline_open": (ctypes.POINTER(PipelineOptions), OUT),
    "pipeline_info": (HANDLE, *TEXT),
    "pipeline_close": (HANDLE,),
    "run_begin": (HANDLE, ctypes.POINTER(RequestStruct), OUT),
    "run_encode": (HANDLE,),
    "run_step": (HANDLE,),
    "run_finish": (HANDLE, ctypes.POINTER(ctypes.c_uint8), ctypes.c_size_t),
    "run_size": (HANDLE, INT_OUT, INT_OUT, INT_OUT),
    "run_save_latents": (HANDLE, ctypes.c_char_p, ctypes.c_size_t),
    "run_report": (HANDLE, *TEXT),
    "run_read": (HANDLE, ctypes.c_char_p, ctypes.POINTER(ctypes.c_float), ctypes.c_size_t,
                 ctypes.POINTER(ctypes.c_int64), INT_OUT),
    "run_cancel": (HANDLE,),
    "run_completed_steps": (HANDLE,),
    "run_total_steps": (HANDLE,),
    "run_close": (HANDLE,),
}  # fmt: skip
PLAIN = {"run_completed_steps", "run_total_steps"}


class AllaPrimaError(Exception):
    def __init__(self, status, function, message):
        known = 0 <= status < len(STATUS)
        self.status = STATUS[status] if known else f"status {status}"
        super().__init__(f"{function}: {self.status}: {message}")


class Library:
    def __init__(self, path=None):
        path = path or os.environ.get("ALLAPRIMA_LIBRARY")
        if not path:
            raise ValueError("no library: pass its path or set ALLAPRIMA_LIBRARY")
        if "torch" in sys.modules:
            raise RuntimeError("torch is imported in this process; use Worker")
        self.dll = ctypes.CDLL(str(path))
        for name, arguments in FUNCTIONS.items():
            function = getattr(self.dll, f"allaprima_{name}")
            function.argtypes = arguments
            function.restype = ctypes.c_int32
        self.dll.allaprima_abi_version.restype = ctypes.c_uint32
        self.dll.allaprima_version.restype = ctypes.c_char_p
        found = self.dll.allaprima_abi_version()
        if found != ABI_VERSION:
            raise RuntimeError(f"{path}: ABI version {found}, this binding is for {ABI_VERSION}")

    def call(self, name, *arguments):
        result = getattr(self.dll, f"allaprima_{name}")(*arguments)
        if name not in PLAIN and result != 0:
            raise AllaPrimaError(result, name, self.read_text("last_error"))
        return result

    def read_text(self, name, *handles):
        """Text of any length: asks for the size first."""
        function = getattr(self.dll, f"allaprima_{name}")
        size = ctypes.c_size_t()
        status = function(*handles, None, 0, ctypes.byref(size))
        if status in (0, BUFFER_TOO_SMALL):
            buffer = ctypes.create_string_buffer(max(size.value, 1))
            status = function(*handles, buffer, len(buffer), ctypes.byref(size))
        if status != 0:
            message = self.read_text("last_error") if name != "last_error" else ""
            raise AllaPrimaError(status, name, message)
        return buffer.raw[: size.value].decode()

    def version(self):
        return self.dll.allaprima_version().decode()

    def system_info(self):
        return json.loads(self.read_text("system_info"))

    def open(self, model, device="cpu", precision="auto", threads=1, device_index=0, variant=""):
        return Pipeline(
            self, str(model).encode(), device, device_index, precision, threads, variant.encode()
        )


class Pipeline:
    def __init__(self, library, model, device, device_index, precision, threads, variant):
        self.library = library
        self.handle = ctypes.c_void_p()
        options = PipelineOptions(
            ctypes.sizeof(PipelineOptions), model, len(model), DEVICES[device], device_index,
            PRECISIONS[precision], threads, variant, len(variant),
        )  # fmt: skip
        library.call("pipeline_open", ctypes.byref(options), ctypes.byref(self.handle))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        handle, self.handle = self.handle, None
        if handle:
            self.library.call("pipeline_close", handle)

    def info(self):
        return json.loads(self.library.read_text("pipeline_info", self.handle))

    def begin(self, **request):
        return Run(self, **request)

    def generate(self, **request):
        """The stages that were kept, the bytes as "rgb" and the report, by name."""
        with self.begin(**request) as run:
            run.step_all()
            rgb = run.finish()
            kept = {name: run.read(name) for name in STAGES} if request.get("keep_stages") else {}
            return {**kept, "rgb": rgb, "report": run.report()}


class Run:
    """`sizes` and `negative_sizes` are fields of SizeConditioning by name."""

    def __init__(
        self, pipeline, prompt, negative_prompt=None, width=0, height=0, steps=30, images=1,
        guidance=5.0, seed=0, latents=None, keep_stages=False, prompt_2=None,
        negative_prompt_2=None, clip_skip=0, guidance_rescale=0.0, sizes=None, negative_sizes=None,
        seeds=(),
    ):  # fmt: skip
        self.library = pipeline.library
        self.handle = ctypes.c_void_p()

        def text(value):
            data = None if value is None else str(value).encode()
            return data, len(data or b"")

        request = RequestStruct(
            ctypes.sizeof(RequestStruct), *text(prompt), *text(negative_prompt), width, height,
            steps, images, guidance, seed, *text(latents), int(keep_stages), *text(prompt_2),
            *text(negative_prompt_2), clip_skip, guidance_rescale,
            SizeConditioning(**(sizes or {})), SizeConditioning(**(negative_sizes or {})),
            (ctypes.c_uint64 * len(seeds))(*seeds), len(seeds),
        )  # fmt: skip
        self.library.call(
            "run_begin", pipeline.handle, ctypes.byref(request), ctypes.byref(self.handle)
        )

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        handle, self.handle = self.handle, None
        if handle:
            self.library.call("run_close", handle)

    def encode(self):
        self.library.call("run_encode", self.handle)

    def step(self):
        self.library.call("run_step", self.handle)

    def step_all(self):
        while self.completed_steps() < self.total_steps():
            self.step()

    def finish(self):
        """Pixels, uint8 [images, height, width, 3]."""
        width, height, images = self.size()
        rgb = np.empty((images, height, width, 3), np.uint8)
        self.library.call(
            "run_finish", self.handle, rgb.ctypes.data_as(FUNCTIONS["run_finish"][1]), rgb.nbytes
        )
        return rgb

    def size(self):
        numbers = [ctypes.c_int32() for _ in range(3)]
        self.library.call("run_size", self.handle, *(ctypes.byref(n) for n in numbers))
        return tuple(n.value for n in numbers)

    def save_latents(self, path):
        path = str(path).encode()
        self.library.call("run_save_latents", self.handle, path, len(path))

    def read(self, name):
        """A kept stage, float32; token ids too, as the C API has them."""
        shape, rank = (ctypes.c_int64 * 4)(), ctypes.c_int32()
        ask = (self.handle, name.encode())
        self.library.call("run_read", *ask, None, 0, shape, ctypes.byref(rank))
        values = np.empty(shape[: rank.value], np.float32)
        data = values.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        self.library.call("run_read", *ask, data, values.size, shape, ctypes.byref(rank))
        return values

    def report(self):
        return json.loads(self.library.read_text("run_report", self.handle))

    def cancel(self):
        self.library.call("run_cancel", self.handle)

    def completed_steps(self):
        return self.library.call("run_completed_steps", self.handle)

    def total_steps(self):
        return self.library.call("run_total_steps", self.handle)


class Worker:
    """`Library` in a process of its own: for a caller that has torch imported."""

    def __init__(self, path):
        command = [sys.executable, __file__, str(path)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.folder = tempfile.TemporaryDirectory()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.stdin.close()
        self.process.wait()
        self.folder.cleanup()

    def generate(self, model, precision, request, variant=""):
        """Opens the checkpoint, generates with all stages kept, closes; arrays by name."""
        result = Path(self.folder.name) / "stages.npz"
        options = {"precision": precision, "variant": variant}
        job = {"model": str(model), "options": options, "request": request}
        self.process.stdin.write(json.dumps({**job, "result": str(result)}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            code = self.process.wait()
            raise RuntimeError(f"the worker ended with {code} on {model}, {precision}")
        answer = json.loads(answer)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        with np.load(result) as arrays:
            return dict(arrays)


def serve(path):
    """Answers one line of JSON on stdout for each on stdin."""
    library = Library(path)
    for line in sys.stdin:
        job = json.loads(line)
        try:
            with library.open(job["model"], **job["options"]) as pipeline:
                stages = pipeline.generate(**job["request"], keep_stages=True)
            stages.pop("report")
            np.savez(job["result"], **stages)
            answer = {}
        except AllaPrimaError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
