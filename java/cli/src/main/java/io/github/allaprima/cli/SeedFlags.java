package io.github.allaprima.cli;

import io.github.allaprima.Request;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** How many pictures of a prompt, and from which seeds. */
final class SeedFlags {
  private static final int MOST = 10_000;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description =
          "Of the noise, 0 to 2^64 - 1; the same for every prompt. Default: a random one, which is"
              + " printed.",
      converter = Seed.class)
  private Long seed;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      split = ",",
      description =
          "Several, as in 7,8,9: as many pictures, drawn together, each the one that its seed"
              + " draws alone.",
      converter = Seed.class)
  private List<Long> seeds = List.of();

  @Option(
      names = "--count",
      paramLabel = "N",
      description =
          "Number of pictures of each prompt, drawn one after the other with the seeds SEED,"
              + " SEED + 1, ...: each can be drawn again alone. Default: ${DEFAULT-VALUE}.",
      defaultValue = "1")
  private int count;

  @Option(
      names = "--images",
      paramLabel = "N",
      description =
          "Number of pictures, 1 to 64, drawn together in one batch, which takes more memory. With"
              + " --seed all come from one generator, as in diffusers; without, each from a seed of"
              + " its own. Default: 1.")
  private Integer images;

  /** Reads 64 bits without a sign. */
  static final class Seed implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      try {
        if (!text.startsWith("+")) {
          return Long.parseUnsignedLong(text);
        }
      } catch (NumberFormatException e) {
        // Said below, with the range.
      }
      throw new TypeConversionException(
          "'" + text + "' is no whole number from 0 to 18446744073709551615 (64 bits)");
    }
  }

  /** Whether generations of one prompt differ by nothing but their seeds. */
  boolean isRepeated() {
    return count > 1;
  }

  /** Whether the seeds are the user's. */
  boolean isNamed() {
    return seed != null || !seeds.isEmpty();
  }

  /** What to ask of each prompt: a request, still without one, for each generation. */
  List<Request> requests() {
    check();
    Request plain = Request.of("");
    if (!seeds.isEmpty()) {
      return List.of(plain.seeds(seeds.stream().mapToLong(Long::longValue).toArray()));
    }
    int together = images == null ? 1 : images;
    Request all = plain.images(together);
    if (seed == null && together > 1) {
      return IntStream.range(0, count).mapToObj(i -> all.seeds(random(together))).toList();
    }
    long first = seed == null ? random(1)[0] : seed;
    return IntStream.range(0, count).mapToObj(i -> all.seed(first + i)).toList();
  }

  /** Short enough to be typed. */
  private static long[] random(int number) {
    return ThreadLocalRandom.current().longs(number, 0, 1L << 32).toArray();
  }

  private void check() {
    if (count < 1 || count > MOST) {
      throw new IllegalArgumentException("count must be 1 to " + MOST + ", not " + count);
    }
    if (seeds.isEmpty()) {
      return;
    }
    if (seed != null || count > 1) {
      throw new IllegalArgumentException(
          "--seeds names a seed for each picture; leave out --seed and --count");
    }
    if (images != null && images != seeds.size()) {
      throw new IllegalArgumentException(
          "--seeds names %d seeds, --images asks for %d pictures; leave out --images"
              .formatted(seeds.size(), images));
    }
  }
}
