package io.github.allaprima.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.allaprima.AllaPrimaException;
import io.github.allaprima.ErrorCode;
import io.github.allaprima.internal.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
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
        "--speed=9   | 9     | error: Unknown option: '--speed=9'",
        "--seeds     | 7,x   | error: Invalid value for option '--seeds' (N): 'x' is no whole"
            + " number from 0 to 18446744073709551615 (64 bits)",
        "--count     | 0     | error: count must be 1 to 10000, not 0",
        "--negative-crop | 8,8 | error: --negative-original-size and --negative-target-size count"
            + " only together; give both",
        "--prompts-file | p.txt | error: prompts are named and come from p.txt, too; give one of"
            + " the two",
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
          "--prompts-file",
          "--count",
          "--seeds",
          "--negative-original-size",
          "--negative-crop",
          "--negative-target-size",
          "-o"
        }) {
      boolean there =
          Pattern.compile(flag + "(=|, --output=|\\S*=)").matcher(output.toString()).find();
      assertTrue(there, flag);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"generate", "gallery", "inspect", "doctor", "info", "completion"})
  void every_command_knows_json_and_explains_its_exit_codes(String name) {
    assertEquals(0, run(name, "--help"));
    assertTrue(output.toString().contains("--json"), output::toString);
    assertTrue(output.toString().contains("Exit codes:"), output::toString);
  }

  @Test
  void tells_of_bad_usage_as_json() {
    assertEquals(ExitCode.BAD_INPUT, run("generate", "an apple", "--steps", "many", "--json"));
    Map<?, ?> error = (Map<?, ?>) Json.object(output.toString()).get("error");
    assertEquals("INVALID_ARGUMENT", error.get("code"));
    assertTrue(firstError().startsWith("error: "), errors::toString);
  }

  @ParameterizedTest
  @CsvSource({
    "INVALID_ARGUMENT, 2",
    "INVALID_MODEL, 2",
    "UNAVAILABLE, 2",
    "OUT_OF_MEMORY, 3",
    "CANCELLED, 130",
    "IO, 2",
    "NOT_FINITE, 1",
    "INTERNAL, 1",
  })
  void exits_with_the_code_of_the_failure(ErrorCode code, int expected) {
    CommandLine command = Main.commandLine().setErr(new PrintWriter(errors, true));
    var parsed = command.parseArgs("info");
    Exception failure = new AllaPrimaException(code, "it failed", null);
    assertEquals(expected, ExitCode.ofFailure(failure, command, parsed));
    assertEquals(code == ErrorCode.CANCELLED ? "cancelled" : "error: it failed", firstError());
  }

  @Test
  void draws_no_equal_pictures_from_one_noise() {
    assertEquals(ExitCode.BAD_INPUT, run("generate", "an apple", "--latents", "x", "--count", "2"));
    assertTrue(firstError().contains("leave out --count"), errors::toString);
  }

  @Test
  void takes_one_kind_of_seeds() {
    assertEquals(ExitCode.BAD_INPUT, run("generate", "x", "--seeds", "1,2", "--seed", "3"));
    assertEquals(ExitCode.BAD_INPUT, run("generate", "x", "--seeds", "1,2", "--images", "3"));
    assertTrue(errors.toString().contains("leave out --seed and --count"), errors::toString);
    assertTrue(errors.toString().contains("asks for 3 pictures"), errors::toString);
  }

  @Test
  void says_what_is_wrong_with_a_file_of_prompts(@TempDir Path folder) throws IOException {
    Path empty = Files.writeString(folder.resolve("empty"), "# nothing\n");
    Path binary = Files.write(folder.resolve("binary"), new byte[] {(byte) 0xff, (byte) 0xfe});
    for (Path file : List.of(folder.resolve("nowhere"), empty, binary)) {
      assertEquals(ExitCode.BAD_INPUT, run("generate", "--prompts-file", file.toString()));
    }
    assertTrue(errors.toString().contains("nowhere cannot be read"), errors::toString);
    assertTrue(errors.toString().contains("holds no prompts"), errors::toString);
    assertTrue(errors.toString().contains("is not UTF-8"), errors::toString);
  }

  @Test
  void says_its_version() {
    assertEquals(0, run("--version"));
    assertTrue(output.toString().matches("allaprima \\d+\\.\\d+\\.\\d+\\S*\\s+"), output::toString);
  }

  @Test
  void reads_seeds_of_64_bits() {
    SeedFlags.Seed seed = new SeedFlags.Seed();
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
