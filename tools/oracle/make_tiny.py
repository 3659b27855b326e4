"""Makes the tiny random SDXL pipelines as diffusers folders; the same bytes on every run.

    python make_tiny.py [--root REPOSITORY] [FOLDER...]

The weights are drawn so that every tensor matters: random norms and biases, branches as large as
the stream they are added to. What they paint has no meaning.
"""

import argparse
from pathlib import Path

from diffusers import AutoencoderKL, EulerDiscreteScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

import weight_files
from clip_vocabulary import vocabulary_size, write_json, write_tokenizers
from random_weights import GAINS, random_tensor
from tiny_configs import PIPELINES


def random_weights(shapes, component, dtype, gains=GAINS):
    return {
        name: random_tensor(f"{component}/{name}", shape, gains).to(dtype).contiguous()
        for name, shape in sorted(shapes.items())
    }


def write_weights(folder, module, pipeline, component):
    shapes = {name: value.shape for name, value in module.state_dict().items()}
    weights = random_weights(shapes, component, pipeline.dtype, GAINS | pipeline.gains)
    if component == "vae":
        for name in ("decoder.conv_in.weight", "decoder.conv_in.bias"):
            weights[name] *= pipeline.vae.stream
    weight_files.write(folder / component, component, weights, pipeline.files)


def write_text_encoder(folder, pipeline, component, with_projection):
    encoder = getattr(pipeline, component)
    architecture = "CLIPTextModelWithProjection" if with_projection else "CLIPTextModel"
    config = {
        "architectures": [architecture],
        "attention_dropout": 0.0,
        "bos_token_id": 0,
        "dropout": 0.0,
        "eos_token_id": encoder.eos_token_id,
        "hidden_act": encoder.activation,
        "hidden_size": encoder.width,
        "initializer_factor": 1.0,
        "initializer_range": 0.02,
        "intermediate_size": encoder.feed_forward,
        "layer_norm_eps": encoder.eps,
        "max_position_embeddings": 77,
        "model_type": "clip_text_model",
        "num_attention_heads": encoder.heads,
        "num_hidden_layers": encoder.layers,
        "pad_token_id": 1,
        "projection_dim": encoder.projection,
        "torch_dtype": str(pipeline.dtype).removeprefix("torch."),
        "transformers_version": "4.32.0.dev0",
        "vocab_size": vocabulary_size(),
    }
    target = folder / component
    target.mkdir(exist_ok=True)
    write_json(target / "config.json", config)
    # Published files have every name under "text_model.", with or without a projection.
    module = CLIPTextModelWithProjection(CLIPTextConfig(**config))
    if not with_projection:
        del module.text_projection
    write_weights(folder, module, pipeline, component)


def write_unet(folder, pipeline):
    unet = pipeline.unet
    pooled = pipeline.text_encoder_2.projection
    config = {
        "sample_size": unet.sample_size,
        "block_out_channels": unet.widths,
        "down_block_types": unet.blocks,
        "up_block_types": tuple(kind.replace("Down", "Up") for kind in reversed(unet.blocks)),
        "layers_per_block": unet.layers,
        "attention_head_dim": unet.heads,
        "transformer_layers_per_block": unet.transformers,
        "cross_attention_dim": pipeline.text_encoder.width + pipeline.text_encoder_2.width,
        "norm_num_groups": unet.groups,
        "norm_eps": unet.eps,
        "use_linear_projection": unet.linear_projection,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": unet.time_ids_width,
        "projection_class_embeddings_input_dim": 6 * unet.time_ids_width + pooled,
    }
    module = UNet2DConditionModel(**config | unet.more)
    write_diffusers_component(folder, "unet", module, pipeline)


def write_vae(folder, pipeline):
    vae = pipeline.vae
    levels = len(vae.widths)
    config = {
        "block_out_channels": vae.widths,
        "down_block_types": ("DownEncoderBlock2D",) * levels,
        "up_block_types": ("UpDecoderBlock2D",) * levels,
        "layers_per_block": vae.layers,
        "latent_channels": 4,
        "norm_num_groups": vae.groups,
        "sample_size": pipeline.unet.sample_size * 2 ** (levels - 1),
        "scaling_factor": vae.scaling,
        "force_upcast": True,
    }
    module = AutoencoderKL(**config | vae.more)
    write_diffusers_component(folder, "vae", module, pipeline)


def write_diffusers_component(folder, component, module, pipeline):
    module.save_config(folder / component)
    write_weights(folder, module, pipeline, component)


def write_scheduler(folder):
    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="epsilon",
        timestep_spacing="leading",
        steps_offset=1,
    )
    scheduler.save_config(folder / "scheduler")


def write_model_index(folder, pipeline):
    index = {
        "_class_name": "StableDiffusionXLPipeline",
        "_diffusers_version": "0.42.1",
        "add_watermarker": None,
        "force_zeros_for_empty_prompt": pipeline.zeros_without_negative_prompt,
        "scheduler": ["diffusers", "EulerDiscreteScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "tokenizer_2": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    write_json(folder / "model_index.json", index)


def write_pipeline(folder, pipeline):
    folder.mkdir(parents=True, exist_ok=True)
    write_model_index(folder, pipeline)
    write_scheduler(folder)
    write_tokenizers(folder, pipeline.added_tokens_decoder)
    write_text_encoder(folder, pipeline, "text_encoder", with_projection=False)
    write_text_encoder(folder, pipeline, "text_encoder_2", with_projection=True)
    write_unet(folder, pipeline)
    write_vae(folder, pipeline)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", default=list(PIPELINES), help="default: all")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    arguments = parser.parse_args()
    for name in arguments.folders:
        folder = arguments.root / name
        write_pipeline(folder, PIPELINES[name])
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        print(f"{name}: {size / 2**20:.2f} MiB")


if __name__ == "__main__":
    main()
