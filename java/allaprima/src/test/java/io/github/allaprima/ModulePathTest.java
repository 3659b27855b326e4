package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.spi.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * An application that is a module, with every jar on the module path and none required but ours.
 */
@NativeTest
@Timeout(120)
class ModulePathTest {
  private static final String MODULE_INFO = "module app { requires io.github.allaprima; }";
  private static final String MAIN =
      """
      package app;
      import io.github.allaprima.*;
      public class Main {
        public static void main(String[] args) {
          try (Pipeline pipeline = Pipeline.builder().model(java.nio.file.Path.of(args[0])).build()) {
            Image image = pipeline.generate(Request.of("a red apple").steps(1).seed(7));
            System.out.println(Main.class.getModule() + " drew " + image.width());
          } catch (AllaPrimaException e) {
            System.out.println(e.getMessage());
          }
        }
      }
      """;

  /** Kept until the next clean build: libtorch is large. */
  private static final Path CACHE = Repository.ROOT.resolve("target/javacpp-cache");

  @TempDir Path folder;

  @Test
  void finds_libraries_that_no_module_requires() throws Exception {
    assertEquals("module app drew 128", run(modules()));
  }

  @Test
  void names_the_jar_that_is_missing() throws Exception {
    List<Path> modules = new ArrayList<>(modules());
    modules.removeIf(module -> module.getFileName().toString().startsWith("openblas"));
    String output = run(modules);
    assertTrue(
        output.startsWith(
            "Neither on the class path nor on the module path: org.bytedeco:openblas:linux-x86_64."),
        output);
  }

  /** Ours as a jar with a name, as the build makes it later. */
  private List<Path> modules() throws IOException {
    List<Path> modules = new ArrayList<>();
    for (Path entry : ClassPaths.entries()) {
      String name = entry.getFileName().toString();
      if (name.equals("classes") || name.matches("(javacpp|jspecify|pytorch|openblas)-.*")) {
        modules.add(entry);
      } else if (name.equals("natives")) {
        modules.add(NativesJar.of(entry, folder.resolve("natives.jar")));
      }
    }
    return modules;
  }

  private String run(List<Path> modules) throws Exception {
    String path = String.join(File.pathSeparator, modules.stream().map(Path::toString).toList());
    Path source = Files.createDirectories(folder.resolve("source/app"));
    Path info = Files.writeString(source.resolveSibling("module-info.java"), MODULE_INFO);
    Path main = Files.writeString(source.resolve("Main.java"), MAIN);
    Path classes = folder.resolve("app");
    int failed =
        ToolProvider.findFirst("javac")
            .orElseThrow()
            .run(
                System.out,
                System.err,
                "-d",
                classes.toString(),
                "-p",
                path,
                info.toString(),
                main.toString());
    assertEquals(0, failed, "javac");
    return ChildJvm.run(
        "",
        List.of(
            "--enable-native-access=io.github.allaprima,org.bytedeco.javacpp",
            "-Dorg.bytedeco.javacpp.cachedir=" + CACHE,
            "-p",
            ClassPaths.join(path, classes.toString()),
            "-m",
            "app/app.Main",
            Repository.TINY_MODEL.toString()));
  }
}
