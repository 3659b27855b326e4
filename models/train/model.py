"""Configurations and construction of the UNet and the text encoders."""
import torch
from diffusers import EulerDiscreteScheduler, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection
from tokens import learn_cached

UNET = dict(sample_size=16, in_channels=4, out_channels=4, block_out_channels=[80, 96, 128], layers_per_block=1,
            attention_head_dim=[2, 3, 4], transformer_layers_per_block=[1, 1, 1], cross_attention_dim=192,
            down_block_types=["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
            up_block_types=["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
            addition_embed_type="text_time", addition_time_embed_dim=32, projection_class_embeddings_input_dim=6 * 32 + 128,
            use_linear_projection=True, norm_num_groups=16)
TIME_IDS = [128, 128, 0, 0, 128, 128]


def scheduler():
    return EulerDiscreteScheduler(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear",
                                  prediction_type="v_prediction", timestep_spacing="leading", steps_offset=1,
                                  interpolation_type="linear", use_karras_sigmas=False)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(2)
        n = len(learn_cached()[0])
        ids = dict(vocab_size=n, bos_token_id=n - 2, eos_token_id=n - 1, max_position_embeddings=77, num_hidden_layers=2)
        self.text = CLIPTextModel(CLIPTextConfig(hidden_size=64, intermediate_size=256, num_attention_heads=2, projection_dim=64,
                                                 hidden_act="quick_gelu", pad_token_id=n - 1, **ids))
        self.text2 = CLIPTextModelWithProjection(CLIPTextConfig(hidden_size=128, intermediate_size=384, num_attention_heads=4,
                                                                hidden_act="gelu", projection_dim=128, pad_token_id=0, **ids))
        for t, k in ((self.text, 1.0), (self.text2, 1.0)):
            for name, p in t.named_parameters():
                if "token_embedding" in name: torch.nn.init.normal_(p, std=0.5)
                if "position_embedding" in name: torch.nn.init.normal_(p, std=0.25)
        self.unet = UNet2DConditionModel(**UNET)

    def encode(self, ids1, ids2):
        """Hidden states and pooled embedding as StableDiffusionXLPipeline takes them."""
        a = self.text(ids1, output_hidden_states=True)
        b = self.text2(ids2, output_hidden_states=True)
        return torch.cat([a.hidden_states[-2], b.hidden_states[-2]], -1), b.text_embeds

    def forward(self, x, t, emb, pooled):
        time_ids = torch.tensor([TIME_IDS], dtype=torch.float32).expand(x.shape[0], -1)
        return self.unet(x, t, emb, added_cond_kwargs=dict(text_embeds=pooled, time_ids=time_ids)).sample


@torch.no_grad()
def sample(model, tokens, captions, seed, steps=25, guidance=3.0, batch=32):
    """Latents (mean 0, deviation 1) for captions, as the pipeline with its zero unconditional embeddings does it."""
    out = []
    for k in range(0, len(captions), batch):
        part = captions[k:k + batch]
        ids = [torch.tensor([tokens(c, 77, pad) for c in part]) for pad in (tokens.end, 0)]
        with torch.autocast("cpu", torch.bfloat16):
            emb, pooled = model.encode(*ids)
            emb, pooled = emb.float(), pooled.float()
            s = scheduler()
            s.set_timesteps(steps)
            g = torch.Generator().manual_seed(seed * 100003 + k)
            x = torch.randn(len(part), 4, 16, 16, generator=g) * s.init_noise_sigma
            for t in s.timesteps:
                i = s.scale_model_input(x, t)
                if guidance > 1:
                    v = model(torch.cat([i, i]), t, torch.cat([torch.zeros_like(emb), emb]), torch.cat([torch.zeros_like(pooled), pooled]))
                    u, c = v.float().chunk(2)
                    v = u + guidance * (c - u)
                else:
                    v = model(i, t, emb, pooled).float()
                x = s.step(v, t, x).prev_sample
        out.append(x)
    return torch.cat(out)
