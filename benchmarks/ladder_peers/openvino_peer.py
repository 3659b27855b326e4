"""OpenVINO as an engine of the ladder: UNet and VAE of a diffusers pipeline, converted at start."""

import diffusers_peer
from serving import Skip, serve


def compiled(module, inputs, rung, job):
    """A function of the module's inputs, by position."""
    import openvino
    import torch

    model = openvino.convert_model(module, example_input=inputs)
    options = {
        "INFERENCE_PRECISION_HINT": {"fp32": "f32", "bf16": "bf16"}[rung.precision],
        "INFERENCE_NUM_THREADS": job.threads,
        "PERFORMANCE_HINT": "LATENCY",
    }
    request = openvino.Core().compile_model(model, "CPU", options).create_infer_request()

    def call(*values):
        request.infer([value.numpy() for value in values], share_inputs=True)
        return torch.from_numpy(request.get_output_tensor(0).data.copy())

    return call


def convert_unet(pipeline, rung, job, latents):
    import torch

    unet = pipeline.unet

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.unet = unet

        def forward(self, sample, timestep, context, pooled, time_ids):
            added = {"text_embeds": pooled, "time_ids": time_ids}
            return self.unet(sample, timestep, context, added_cond_kwargs=added, return_dict=False)[0]

    rows = job.batch * (2 if job.guidance > 1 else 1)
    projection = pipeline.text_encoder_2.config.projection_dim
    inputs = (
        torch.zeros(rows, *latents), torch.tensor(1.0),
        torch.zeros(rows, 77, unet.config.cross_attention_dim), torch.zeros(rows, projection),
        torch.zeros(rows, 6),
    )  # fmt: skip
    call = compiled(Network().eval(), inputs, rung, job)

    def forward(sample, timestep, encoder_hidden_states, added_cond_kwargs, **ignored):
        added = added_cond_kwargs["text_embeds"], added_cond_kwargs["time_ids"]
        return (call(sample, timestep.float(), encoder_hidden_states, *added),)

    unet.forward = forward


def convert_vae(pipeline, rung, job, latents):
    import torch

    vae = pipeline.vae

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.vae = vae

        def forward(self, values):
            return self.vae.decode(values, return_dict=False)[0]

    call = compiled(Network().eval(), (torch.zeros(job.batch, *latents),), rung, job)
    vae.decode = lambda values, **ignored: (call(values),)


def engine(rung, job):
    try:
        import openvino  # noqa: F401
    except ImportError:
        raise Skip("openvino is not installed") from None
    from dataclasses import replace

    # The weights are loaded in fp32; OpenVINO converts them as the hint says.
    pipeline = diffusers_peer.load(replace(rung, precision="fp32"), job)
    factor = pipeline.vae_scale_factor
    latents = (pipeline.unet.config.in_channels, job.height // factor, job.width // factor)
    convert_unet(pipeline, rung, job, latents)
    convert_vae(pipeline, rung, job, latents)
    return diffusers_peer.drawer(pipeline, job)


if __name__ == "__main__":
    serve(engine)
