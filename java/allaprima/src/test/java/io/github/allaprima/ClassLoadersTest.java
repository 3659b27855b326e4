package io.github.allaprima;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Several class loaders in one JVM, as in a server with two applications. */
@NativeTest
@Timeout(120)
class ClassLoadersTest {
  /** Runs in the other process; draws with two class loaders that know nothing of each other. */
  static final class TwoApplications {
    public static void main(String[] args) throws Exception {
      ClassLoader first = loader(entry -> true, ClassLoader.getPlatformClassLoader());
      ClassLoader second = loader(entry -> true, ClassLoader.getPlatformClassLoader());
      System.out.println(draw(first, args[0]));
      System.out.println(draw(second, args[0]));
      System.out.println(draw(first, args[0]));
      for (String library : List.of("libtorch_cpu.so", "liballaprima.so")) {
        System.out.println(Drawing.loaded(library).size());
      }
    }
  }

  /** Runs in the other process; JavaCPP is shared by applications, Alla Prima is not. */
  static final class SharedJavaCpp {
    public static void main(String[] args) throws Exception {
      Predicate<Path> javacpp = entry -> entry.getFileName().toString().startsWith("javacpp");
      ClassLoader shared = loader(javacpp, ClassLoader.getPlatformClassLoader());
      try {
        draw(loader(javacpp.negate(), shared), args[0]);
      } catch (InvocationTargetException e) {
        System.out.println(e.getCause().getMessage());
      }
    }
  }

  /** Runs in the other process; the second application asks for a libtorch of its own. */
  static final class TwoLibtorch {
    public static void main(String[] args) throws Exception {
      draw(loader(entry -> true, ClassLoader.getPlatformClassLoader()), args[0]);
      System.setProperty("allaprima.torch", System.getenv("OTHER_TORCH"));
      try {
        draw(loader(entry -> true, ClassLoader.getPlatformClassLoader()), args[0]);
      } catch (InvocationTargetException e) {
        System.out.println(e.getCause().getMessage());
      }
    }
  }

  @Test
  void share_one_core_and_draw_the_same() throws Exception {
    String expected = Drawing.expected();
    assertEquals(
        List.of(expected, expected, expected, "1", "1"),
        run(TwoApplications.class).lines().toList());
  }

  @Test
  void javacpp_in_another_one_is_an_error_that_says_so() throws Exception {
    String output = run(SharedJavaCpp.class);
    assertTrue(
        output.startsWith("JavaCPP and Alla Prima were loaded by two class loaders"), output);
  }

  @Test
  void cannot_have_two_libtorch() throws Exception {
    Path other = Path.of(System.getProperty("allaprima.native.build"), "lib");
    assertEquals(
        "libtorch was to be loaded from "
            + other
            + ", and this process has it from org.bytedeco's jars already: all class loaders share"
            + " one.",
        run(Map.of("OTHER_TORCH", other.toString()), TwoLibtorch.class));
  }

  private static String run(Class<?> program) throws Exception {
    return run(Map.of(), program);
  }

  private static String run(Map<String, String> environment, Class<?> program) throws Exception {
    return ChildJvm.run(
        environment,
        ClassPaths.all(),
        List.of(program.getName(), Repository.TINY_MODEL.toString()));
  }

  private static ClassLoader loader(Predicate<Path> taken, ClassLoader parent) {
    URL[] urls =
        ClassPaths.entries().stream().filter(taken).map(ClassLoadersTest::url).toArray(URL[]::new);
    return new URLClassLoader(urls, parent);
  }

  private static URL url(Path path) {
    try {
      return path.toUri().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private static Object draw(ClassLoader loader, String model) throws Exception {
    return loader
        .loadClass(Drawing.class.getName())
        .getMethod("draw", String.class, String.class)
        .invoke(null, model, null);
  }
}
