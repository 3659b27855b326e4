package io.github.allaprima.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.allaprima.cli.Cli.Result;
import io.github.allaprima.internal.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The script is bash's to judge. */
class CompletionTest {
  @TempDir Path folder;

  private static String bash(String... args) throws IOException, InterruptedException {
    List<String> command = new java.util.ArrayList<>(List.of("bash", "--norc"));
    command.addAll(List.of(args));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output;
  }

  private Path script() throws IOException {
    Result result = Cli.run("completion", "bash");
    assertEquals(0, result.code(), result::err);
    return Files.writeString(folder.resolve("completion"), result.out());
  }

  @Test
  void is_a_script_of_bash() throws Exception {
    assertEquals("", bash("-n", script().toString()));
  }

  @ParameterizedTest
  @CsvSource({
    "gen,                    generate",
    "generate --negative-pr, --negative-prompt",
    "generate --precision b, bf16",
    "generate --device c,    cuda",
    "plan --attention m,     math",
    "inspect --var,          --variant",
    "completion z,           zsh",
  })
  void completes_what_was_begun(String begun, String whole) throws Exception {
    String ask =
        "source %s; words=(allaprima %s); COMP_WORDS=(${words[@]}); COMP_CWORD=$((${#words[@]} - 1));"
            + " COMP_LINE=\"${words[*]}\"; COMP_POINT=${#COMP_LINE};"
            + " $(complete -p allaprima | sed 's/.*-F \\([^ ]*\\).*/\\1/'); echo \"${COMPREPLY[@]}\"";
    String replies = bash("-c", ask.formatted(script(), begun));
    assertTrue(Set.of(replies.strip().split("\\s+")).contains(whole), replies);
  }

  @Test
  void is_told_as_json_too() {
    Result result = Cli.run("completion", "zsh", "--json");
    assertEquals(Set.of("shell", "script"), Json.object(result.out()).keySet());
    assertEquals(ExitCode.BAD_INPUT, Cli.run("completion", "fish").code());
  }
}
