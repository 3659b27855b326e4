package io.github.allaprima.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** What is refused before anything is loaded. */
class CommandLineTest {
  private final StringWriter errors = new StringWriter();
  private final StringWriter output = new StringWriter();

  private int run(String... args) {
    CommandLine command = Main.commandLine();
    command.setErr(new PrintWriter(errors, true)).setOut(new PrintWriter(output, true));
    return command.execute(args);
  }

  private String firstError() {
    return errors.toString().lines().findFirst().orElse("");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--steps     | 0     | error: steps must be 1 to 1000, not 0",
        "--steps     | many  | error: Invalid value for option '--steps': 'many' is not an int",
        "--steps     | 1001  | error: steps must be 1 to 1000, not 1001",
        "--guidance  | NaN   | error: guidance must be finite, not NaN",
        "--guidance  | Infinity | error: guidance must be finite, not Infinity",
        "--seed      | -1    | error: Invalid value for option '--seed': '-1' is no whole number"
            + " from 0 to 18446744073709551615 (64 bits)",
        "--seed | 18446744073709551616 | error: Invalid value for option '--seed':"
            + " '18446744073709551616' is no whole number from 0 to 18446744073709551615 (64 bits)",
        "--seed      | 0x7   | error: Invalid value for option '--seed': '0x7' is no whole number"
            + " from 0 to 18446744073709551615 (64 bits)",
        "-o          | x.jpg | error: x.jpg ends in .jpg, but pictures are written as PNG only; end"
            + " its name in .png",
        "-o | /dev/null | error: /dev/null could not be written: it is there and no file",
        "--device    | tpu   | error: Invalid value for option '--device': 'tpu' is none of auto,"
            + " cpu, cuda, cuda:N",
        "--images    | 0     | error: images must be 1 to 64, not 0",
        "--threads   | 0     | error: threads must be at least 1, not 0",
        "--crop      | 8     | error: Invalid value for option '--crop': '8' is not LEFT,TOP as in"
            + " 0,128",
        "--original-size | 8 | error: Invalid value for option '--original-size': '8' is not"
            + " WIDTHxHEIGHT as in 1024x768",
        "--speed     | 9     | error: Unknown options: '--speed', '9'",
      })
  void refuses_bad_values_with_one_sentence(String option, String value, String message) {
    assertEquals(ExitCode.BAD_INPUT, run("generate", "an apple", option, value));
    assertEquals(message, firstError());
    assertFalse(errors.toString().contains("\tat "), errors::toString);
  }

  @Test
  void wants_a_prompt() {
    assertEquals(ExitCode.BAD_INPUT, run("generate"));
    assertEquals("error: Missing required parameter: 'PROMPT'", firstError());
  }

  @ParameterizedTest
  @ValueSource(strings = {"-o", "--save-latents", "--report"})
  void looks_at_the_output_folders_before_it_draws(String option, @TempDir Path folder) {
    Path file = folder.resolve("nowhere/apple");
    assertEquals(ExitCode.BAD_INPUT, run("generate", "an apple", option, file.toString()));
    assertEquals(
        "error: " + file + " could not be written: there is no folder " + file.getParent() + "\n",
        errors.toString());
  }

  @Test
  void does_not_take_a_folder_for_the_picture(@TempDir Path folder) {
    assertEquals(ExitCode.BAD_INPUT, run("generate", "an apple", "-o", folder.toString()));
    assertEquals("error: " + folder + " could not be written: it is a folder\n", errors.toString());
  }

  @Test
  void does_not_write_two_results_into_one_file(@TempDir Path folder) {
    String file = folder.resolve("apple").toString();
    String again = folder.resolve(".").resolve("apple").toString();
    assertEquals(ExitCode.BAD_INPUT, run("generate", "an apple", "-o", file, "--report", again));
    assertTrue(errors.toString().contains("is named for two results"), errors::toString);
  }

  @Test
  void has_every_flag_of_the_contract() {
    assertEquals(0, run("generate", "--help"));
    for (String flag :
        new String[] {
          "--model",
          "--negative-prompt",
          "--width",
          "--height",
          "--steps",
          "--guidance",
          "--seed",
          "--device",
          "--precision",
          "--variant",
          "--latents",
          "--save-latents",
          "--report",
          "--prompt-2",
          "--negative-prompt-2",
          "--clip-skip",
          "--guidance-rescale",
          "--original-size",
          "--crop",
          "--target-size",
          "--images",
          "--threads",
          "-o"
        }) {
      assertTrue(output.toString().contains(flag + "="), flag);
    }
  }

  @Test
  void says_its_version() {
    assertEquals(0, run("--version"));
    assertTrue(output.toString().matches("allaprima \\d+\\.\\d+\\.\\d+\\S*\\s+"), output::toString);
  }

  @Test
  void reads_seeds_of_64_bits() {
    Generate.Seed seed = new Generate.Seed();
    assertEquals(-1, seed.convert("18446744073709551615"));
    assertEquals(0, seed.convert("0"));
  }

  @Test
  void tries_a_name_that_is_too_long_before_it_draws(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("a".repeat(300) + ".png");
    assertEquals(ExitCode.BAD_INPUT, run("generate", "an apple", "-o", file.toString()));
    assertTrue(firstError().contains("could not be written: "), errors::toString);
    assertEquals(1, errors.toString().lines().count());
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(), files.toList());
    }
  }
}
