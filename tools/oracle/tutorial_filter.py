"""Which linears the tutorial quantises. No torch in here: what times our library loads no other."""

# (in, out) that the tutorial "Accelerate inference of text-to-image diffusion models" leaves out.
LEFT_OUT = {
    (1280, 640), (1920, 1280), (1920, 640), (2048, 1280), (2048, 2560), (2560, 1280), (256, 128),
    (2816, 1280), (320, 640), (512, 1536), (512, 256), (512, 512), (640, 1280), (640, 1920),
    (640, 320), (640, 5120), (640, 640), (960, 320), (960, 640),
}  # fmt: skip


def tutorial_filter(in_features, out_features):
    return in_features > 16 and (in_features, out_features) not in LEFT_OUT
