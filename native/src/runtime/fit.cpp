#include "runtime/fit.h"

#include <algorithm>

#include "base/error.h"

namespace allaprima::runtime {

void check_text_width(const networks::ClipTextConfig& first, const networks::ClipTextConfig& second,
                      const networks::UNetConfig& unet, const std::string& model_folder) {
  check(first.width + second.width == unet.text_width, Code::kInvalidModel, model_folder,
        ": the text encoders give ", first.width, " + ", second.width,
        " features a token, the UNet takes ", unet.text_width);
}

void check_vocabulary(const ClipTokenizer& tokenizer, const networks::ClipTextConfig& encoder,
                      const std::string& model_folder) {
  check(tokenizer.vocabulary_size() <= encoder.vocabulary, Code::kInvalidModel, model_folder,
        ": a tokenizer knows ", tokenizer.vocabulary_size(), " tokens, its text encoder ",
        encoder.vocabulary);
}

void check_lengths(std::array<int64_t, 2> tokens, std::array<int64_t, 2> positions,
                   const std::string& model_folder) {
  check(tokens[0] == tokens[1] && tokens[0] <= std::min(positions[0], positions[1]),
        Code::kInvalidModel, model_folder, ": the tokenizers make ", tokens[0], " and ", tokens[1],
        " tokens of a prompt (model_max_length), the text encoders have ", positions[0], " and ",
        positions[1],
        " positions; both tokenizers must make the same number, and no more than that");
}

void check_channels(const networks::UNetConfig& unet, const networks::VaeConfig& vae,
                    const std::string& model_folder) {
  check(unet.out_channels == vae.latent_channels, Code::kInvalidModel, model_folder,
        ": the UNet gives ", unet.out_channels, " channels, the VAE takes ", vae.latent_channels);
  check(unet.in_channels == unet.out_channels, Code::kInvalidModel, model_folder,
        ": the UNet takes ", unet.in_channels, " channels and gives ", unet.out_channels,
        ": it needs a picture beside the noise, as for inpainting (9 channels) and editing (8), "
        "which is not supported; text to image takes as many channels as it gives");
}

void check_variant_found(bool found, const std::string& variant, const std::string& model_folder) {
  check(found, Code::kInvalidModel, model_folder, ": no component has the variant '", variant,
        "'; leave it out to load the plain files");
}

void check_pooled(int64_t projection, const networks::UNetConfig& unet,
                  const std::string& model_folder) {
  check(projection != unet.pooled_width(5), Code::kInvalidModel, model_folder,
        ": the UNet takes five numbers about the picture, the last an aesthetic score: it is a "
        "refiner of pictures, which is not supported; text to image takes six");
  check(projection == unet.pooled_width(6), Code::kInvalidModel, model_folder,
        ": text_encoder_2 gives ", projection, " pooled features, the UNet takes ",
        unet.pooled_width(6));
}

}  // namespace allaprima::runtime
