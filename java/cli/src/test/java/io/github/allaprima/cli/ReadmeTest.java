package io.github.allaprima.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The Java of the README, taken from there: all of it compiles; two examples run. */
@Tag("native")
@Timeout(120)
class ReadmeTest {
  private static final Pattern BLOCK = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);

  /** What the examples take for granted. */
  private static final String STATEMENTS =
      """
      import io.github.allaprima.*;
      import java.nio.file.Path;
      import java.util.*;
      import java.util.concurrent.*;

      public class %s {
        static Pipeline pipeline;
        static Request request;

        static void log(Object message) {}

        public static void main(String[] args) throws Exception {
          %s
        }
      }
      """;

  @TempDir Path folder;

  @Test
  void all_examples_compile() throws Exception {
    List<String> examples = examples("");
    assertTrue(examples.size() >= 4, examples.size() + " examples");
    for (String example : examples) {
      compile(example);
    }
  }

  @Test
  void the_first_example_draws() throws Exception {
    Process process = start("Example", compile(examples("Pipeline.builder().build()").get(0)));
    assertEquals("", new String(process.getInputStream().readAllBytes()).strip());
    assertArrayEquals(
        signature(), Arrays.copyOf(Files.readAllBytes(folder.resolve("target/apple.png")), 8));
  }

  @Test
  void all_optimisations_in_one_chain_draw() throws Exception {
    Process process = start("Example", compile(examples(".compile()").get(0)));
    String output = new String(process.getInputStream().readAllBytes());
    for (String transform : List.of("fuse_qkv", "int8_dynamic", "pack", "prepare_once")) {
      assertTrue(output.contains(transform), output);
    }
    assertTrue(Files.exists(folder.resolve("target/fox.png")));
  }

  @Test
  void the_server_answers_with_a_picture() throws Exception {
    Process server = start("PictureServer", compile(examples("class PictureServer").get(0)), "0");
    try (BufferedReader output = server.inputReader()) {
      String line = output.readLine();
      while (line != null && !line.startsWith("listening on port ")) {
        line = output.readLine();
      }
      assertTrue(line != null, "the server ended");
      String port = line.substring(line.lastIndexOf(' ') + 1);
      HttpResponse<byte[]> response =
          HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(
                          URI.create("http://localhost:" + port + "/?a%20red%20apple"))
                      .build(),
                  HttpResponse.BodyHandlers.ofByteArray());
      assertEquals(200, response.statusCode());
      assertEquals("image/png", response.headers().firstValue("Content-Type").orElse(""));
      assertEquals(128, ImageIO.read(new ByteArrayInputStream(response.body())).getWidth());
    } finally {
      server.destroy();
    }
  }

  private static byte[] signature() {
    return new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  }

  private static List<String> examples(String part) throws IOException {
    String readme = Files.readString(Path.of(System.getProperty("allaprima.root"), "README.md"));
    return BLOCK
        .matcher(readme)
        .results()
        .map(MatchResult::group)
        .filter(e -> e.contains(part))
        .map(example -> example.substring("```java\n".length(), example.length() - 3))
        .toList();
  }

  private Path compile(String example) throws IOException {
    boolean whole = example.contains("public class ");
    String name = whole ? "PictureServer" : "Example";
    Path source = Files.createDirectories(folder.resolve("source")).resolve(name + ".java");
    Files.writeString(source, whole ? example : STATEMENTS.formatted(name, example));
    Path classes = folder.resolve("classes");
    String[] arguments = {
      "-encoding",
      "UTF-8",
      "-cp",
      System.getProperty("java.class.path"),
      "-d",
      classes.toString(),
      source.toString()
    };
    int failed =
        ToolProvider.findFirst("javac").orElseThrow().run(System.out, System.err, arguments);
    assertEquals(0, failed, "javac of " + example);
    return classes;
  }

  private Process start(String program, Path classes, String... arguments) throws IOException {
    Files.createDirectories(folder.resolve("target"));
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                classes + ":" + System.getProperty("java.class.path"),
                program));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .directory(folder.toFile())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }
}
