package io.github.allaprima.cli;

import io.github.allaprima.Conditioning;
import io.github.allaprima.Request;
import io.github.allaprima.Size;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The request's rarer flags. */
final class RequestFlags {
  @Option(
      names = "--prompt-2",
      paramLabel = "TEXT",
      description = "Another prompt for the second text encoder. Default: the prompt.")
  private String prompt2;

  @Option(
      names = "--negative-prompt-2",
      paramLabel = "TEXT",
      description =
          "Another negative prompt for the second text encoder. Default: the negative prompt.")
  private String negativePrompt2;

  @Option(
      names = "--clip-skip",
      paramLabel = "N",
      description =
          "Last layers of the text encoders to leave out for the prompt, beyond the one that SDXL"
              + " always leaves out. Default: ${DEFAULT-VALUE}.",
      defaultValue = "0")
  private int clipSkip;

  @Option(
      names = "--guidance-rescale",
      paramLabel = "R",
      description =
          "0 to 1: how far to keep guidance from overexposing the picture. Default:"
              + " ${DEFAULT-VALUE}.",
      defaultValue = "0")
  private double guidanceRescale;

  @Option(
      names = "--original-size",
      paramLabel = "WxH",
      description =
          "The size of the original in pixels that the model is told. Default: the picture's.",
      converter = Pixels.class)
  private Size originalSize;

  @Option(
      names = "--crop",
      paramLabel = "X,Y",
      description =
          "The crop's left and top in pixels that the model is told. Default: 0,0, uncut.",
      converter = Corner.class)
  private Crop crop;

  @Option(
      names = "--target-size",
      paramLabel = "WxH",
      description = "The target size in pixels that the model is told. Default: the picture's.",
      converter = Pixels.class)
  private Size targetSize;

  @Option(
      names = "--negative-original-size",
      paramLabel = "WxH",
      description =
          "As --original-size, for what guidance keeps away from; with --negative-target-size."
              + " Default: as for the prompt.",
      converter = Pixels.class)
  private Size negativeOriginalSize;

  @Option(
      names = "--negative-crop",
      paramLabel = "X,Y",
      description = "As --crop, with both negative sizes.",
      converter = Corner.class)
  private Crop negativeCrop;

  @Option(
      names = "--negative-target-size",
      paramLabel = "WxH",
      description = "As --target-size, with --negative-original-size.",
      converter = Pixels.class)
  private Size negativeTargetSize;

  private record Crop(int left, int top) {}

  /** Reads a size as in "1024x768". */
  static final class Pixels implements ITypeConverter<Size> {
    @Override
    public Size convert(String text) {
      if (!text.matches("\\d{1,6}x\\d{1,6}")) {
        throw new TypeConversionException("'" + text + "' is not WIDTHxHEIGHT as in 1024x768");
      }
      int at = text.indexOf('x');
      return new Size(
          Integer.parseInt(text.substring(0, at)), Integer.parseInt(text.substring(at + 1)));
    }
  }

  /** Reads two numbers as in "0,128". */
  private static final class Corner implements ITypeConverter<Crop> {
    @Override
    public Crop convert(String text) {
      if (!text.matches("\\d{1,6},\\d{1,6}")) {
        throw new TypeConversionException("'" + text + "' is not LEFT,TOP as in 0,128");
      }
      int at = text.indexOf(',');
      return new Crop(
          Integer.parseInt(text.substring(0, at)), Integer.parseInt(text.substring(at + 1)));
    }
  }

  Request applyTo(Request plain) {
    Request request =
        plain
            .clipSkip(clipSkip)
            .guidanceRescale(guidanceRescale)
            .conditioning(conditioning(originalSize, crop, targetSize));
    if (negativeOriginalSize != null || negativeCrop != null || negativeTargetSize != null) {
      request = request.negativeConditioning(negativeConditioning());
    }
    if (prompt2 != null) {
      request = request.prompt2(prompt2);
    }
    return negativePrompt2 == null ? request : request.negativePrompt2(negativePrompt2);
  }

  private Conditioning negativeConditioning() {
    if (negativeOriginalSize == null || negativeTargetSize == null) {
      throw new IllegalArgumentException(
          "--negative-original-size and --negative-target-size count only together; give both");
    }
    return conditioning(negativeOriginalSize, negativeCrop, negativeTargetSize);
  }

  private static Conditioning conditioning(Size original, Crop crop, Size target) {
    Conditioning sizes = Conditioning.defaults();
    if (original != null) {
      sizes = sizes.originalSize(original.width(), original.height());
    }
    if (crop != null) {
      sizes = sizes.crop(crop.left(), crop.top());
    }
    return target == null ? sizes : sizes.targetSize(target.width(), target.height());
  }
}
