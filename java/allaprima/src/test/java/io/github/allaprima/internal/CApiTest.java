package io.github.allaprima.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.allaprima.Repository;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Holds the constants against the header, read as text; the compiler checks the functions. */
class CApiTest {
  private final String header =
      Files.readString(Repository.ROOT.resolve("native/include/allaprima.h"));

  CApiTest() throws IOException {}

  @Test
  void constants_are_those_of_the_header() {
    assertEquals(CApi.ABI_VERSION, constant("#define ALLAPRIMA_ABI_VERSION\\s+"));
    assertEquals(CApi.OK, constant("\\bALLAPRIMA_OK\\s*=\\s*"));
    assertEquals(CApi.BUFFER_TOO_SMALL, constant("\\bALLAPRIMA_BUFFER_TOO_SMALL\\s*=\\s*"));
  }

  /** Each native method is an exported symbol and code of the binding. */
  @Test
  void declares_no_function_that_nothing_calls() throws IOException {
    String callers = sourcesBut("CApi.java");
    List<String> unused =
        Arrays.stream(CApi.class.getDeclaredMethods())
            .filter(method -> Modifier.isNative(method.getModifiers()))
            .map(Method::getName)
            .filter(name -> !Pattern.compile("CApi(\\.|::)" + name).matcher(callers).find())
            .toList();
    assertEquals(List.of(), unused);
  }

  private int constant(String definition) {
    Matcher found = Pattern.compile(definition + "(\\d+)\\b").matcher(header);
    return found.find() ? Integer.parseInt(found.group(1)) : -1;
  }

  private static String sourcesBut(String name) throws IOException {
    Path sources = Repository.ROOT.resolve("java/allaprima/src/main/java");
    try (Stream<Path> files = Files.walk(sources)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !file.endsWith(name))
          .map(CApiTest::text)
          .collect(Collectors.joining());
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
