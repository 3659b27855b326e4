package io.github.allaprima.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** What a command that draws says, and what it may overwrite. */
final class OutputFlags extends JsonFlag {
  @Option(
      names = {"-q", "--quiet"},
      description = "No progress, notes or warnings; errors, and the line of each picture.")
  private boolean quiet;

  @Option(
      names = "--no-clobber",
      description = "Refuse to draw when a file of the result is there already.")
  private boolean noClobber;

  ProgressBar bar(int generations) {
    return quiet ? ProgressBar.silent() : ProgressBar.onStandardError(generations);
  }

  @Override
  void note(String text) {
    if (!quiet) {
      tell(text);
    }
  }

  /** Fails before any work is done when a file could not be written. Null is none. */
  void check(List<Path> pictures, Path... others) {
    pictures.forEach(OutputFile::checkPicture);
    List<Path> all =
        Stream.concat(pictures.stream(), Stream.of(others)).filter(Objects::nonNull).toList();
    if (noClobber) {
      all.forEach(OutputFile::checkAbsent);
    }
    OutputFile.check(all);
    pictures.stream()
        .filter(file -> !file.getFileName().toString().contains("."))
        .findFirst()
        .ifPresent(
            file -> note("note: " + file + " will be a PNG file, though its name does not say so"));
  }
}
