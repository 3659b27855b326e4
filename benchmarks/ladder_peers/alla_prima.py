"""Our library by its C API, as an engine of the ladder."""

import ctypes
import json

from rungs import diffusion_fast_conv
from serving import Skip, serve

from allaprima_c import HANDLE, TEXT, AllaPrimaError, Library
from tutorial_filter import tutorial_filter

# ALLAPRIMA_TRANSFORM_… and ALLAPRIMA_INT8_… of allaprima.h.
KINDS = {
    "attention math": 1, "fuse": 2, "swap conv": 3, "int8": 4, "channels last": 5, "compile": 6, "fp8": 7,
}  # fmt: skip
SCHEMES = {"tutorial": 0, "torchao": 1}


class Transform(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_size_t),
        ("kind", ctypes.c_int32),
        ("int8_scheme", ctypes.c_int32),
        ("layers", ctypes.c_char_p),
        ("layers_size", ctypes.c_size_t),
    ]


def transforms(rung):
    """Kinds in the order that the library wants."""
    return [
        kind
        for kind, wanted in {
            "attention math": rung.attention == "math",
            "fuse": rung.fuse,
            "swap conv": rung.swap_conv1x1,
            "int8": rung.int8,
            "fp8": rung.fp8,
            "channels last": rung.channels_last and not rung.compile,
            "compile": rung.compile,
        }.items()
        if wanted
    ]


def layers(library, pipeline, kind, everything):
    """Names that the filter takes, one a line."""
    chosen = []
    for layer in json.loads(library.read_text("pipeline_layers", pipeline.handle)):
        widths = layer["in"], layer["out"]
        if kind in ("int8", "fp8") and layer["kind"] == "linear":
            taken = everything or tutorial_filter(*widths)
        else:
            is_small = layer["kind"] == "conv" and layer["kernel"] == 1
            taken = kind == "swap conv" and is_small and (everything or diffusion_fast_conv(*widths))
        if taken:
            chosen.append(layer["name"])
    return "\n".join(chosen).encode()


def apply(library, pipeline, kind, rung, job):
    text = b""
    if kind in ("swap conv", "int8", "fp8"):
        text = layers(library, pipeline, kind, job.int8_layers == "all")
        if not text:
            return
    scheme = SCHEMES[rung.int8] if kind == "int8" else 0
    transform = Transform(ctypes.sizeof(Transform), KINDS[kind], scheme, text, len(text))
    try:
        library.call("pipeline_transform", pipeline.handle, ctypes.byref(transform))
    except AllaPrimaError as refused:
        if kind in ("fp8", "compile"):  # neither is to be had everywhere
            raise Skip(str(refused)) from None
        raise


def declare(library):
    """The functions of transforms, which an older library has not."""
    try:
        for name, arguments in {
            "pipeline_layers": (HANDLE, *TEXT),
            "pipeline_transform": (HANDLE, ctypes.POINTER(Transform)),
        }.items():
            function = getattr(library.dll, f"allaprima_{name}")
            function.argtypes, function.restype = arguments, ctypes.c_int32
    except AttributeError:
        raise Skip("this library has no transforms") from None


def engine(rung, job):
    library = Library(job.library)
    wanted = transforms(rung)
    if wanted:
        declare(library)
    pipeline = library.open(job.model, job.device, rung.precision, job.threads)
    for kind in wanted:
        apply(library, pipeline, kind, rung, job)

    def draw(prompt, noise, keep):
        with pipeline.begin(
            prompt=prompt, width=job.width, height=job.height, steps=job.steps, images=job.batch,
            guidance=job.guidance, latents=noise, keep_stages=keep,
        ) as run:  # fmt: skip
            run.step_all()
            drawn = {"rgb": run.finish()}
            if keep:
                drawn["latents"] = run.read("latents")
            drawn["step_s"] = run.report()["timings"]["steps_s"]
            return drawn

    return draw


if __name__ == "__main__":
    serve(engine)
