package io.github.allaprima.cli;

import io.github.allaprima.Request;
import java.util.List;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The values of one field of a request, as in "guidance=2,3,4". */
final class Variants implements ITypeConverter<Variants> {
  /** One variant that changes nothing. */
  static final Variants NONE = new Variants("", List.of(""));

  private static final List<String> NAMES = List.of("seed", "steps", "guidance");

  private final String name;
  private final List<String> values;

  /** For picocli: the converter. */
  Variants() {
    this("", List.of());
  }

  private Variants(String name, List<String> values) {
    this.name = name;
    this.values = values;
  }

  boolean isNone() {
    return name.isEmpty();
  }

  boolean isOf(String field) {
    return name.equals(field);
  }

  List<String> values() {
    return values;
  }

  /** The request with the field at this value. */
  Request applied(Request request, String value) {
    return switch (name) {
      case "seed" -> request.seed(new SeedFlags.Seed().convert(value));
      case "steps" -> request.steps(Integer.parseInt(value));
      case "guidance" -> request.guidance(Double.parseDouble(value));
      default -> request;
    };
  }

  @Override
  public Variants convert(String text) {
    String[] parts = text.split("=", 2);
    if (parts.length < 2 || !NAMES.contains(parts[0]) || parts[1].isEmpty()) {
      throw new TypeConversionException(
          "'" + text + "' is not NAME=A,B,... with seed, steps or guidance as NAME");
    }
    Variants variants = new Variants(parts[0], List.of(parts[1].split(",")));
    for (String value : variants.values) {
      try {
        variants.applied(Request.of(""), value);
      } catch (IllegalArgumentException | TypeConversionException e) {
        throw new TypeConversionException("'" + value + "' is no value of " + parts[0]);
      }
    }
    return variants;
  }
}
