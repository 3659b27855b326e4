package io.github.allaprima.cli;

import io.github.allaprima.AllaPrimaException;
import io.github.allaprima.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Prompts, a line each; empty lines and those that begin with # are left out. */
final class Prompts {
  private static final Path STANDARD_INPUT = Path.of("-");

  private Prompts() {}

  /** Those of the command line, or of the file; not both. */
  static List<String> of(List<String> named, Path file) {
    if (file != null && !named.isEmpty()) {
      throw new IllegalArgumentException(
          "prompts are named and come from %s, too; give one of the two".formatted(file));
    }
    return file == null ? named : lines(file);
  }

  /** Of a UTF-8 file, or of standard input for "-"; at least one. */
  static List<String> lines(Path file) {
    boolean input = file.equals(STANDARD_INPUT);
    String name = input ? "standard input" : file.toString();
    List<String> lines;
    try {
      byte[] bytes = input ? System.in.readAllBytes() : Files.readAllBytes(file);
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      lines =
          text.replace("\ufeff", "") // of editors that mark UTF-8
              .lines()
              .map(String::strip)
              .filter(line -> !line.isEmpty() && !line.startsWith("#"))
              .toList();
    } catch (CharacterCodingException e) {
      throw new AllaPrimaException(
          ErrorCode.INVALID_ARGUMENT, name + " is not UTF-8; save it as such", e);
    } catch (IOException e) {
      throw new AllaPrimaException(
          ErrorCode.IO, "no prompts: %s cannot be read (%s)".formatted(name, e), e);
    }
    if (lines.isEmpty()) {
      throw new AllaPrimaException(
          ErrorCode.INVALID_ARGUMENT, name + " holds no prompts; write one a line", null);
    }
    return lines;
  }
}
