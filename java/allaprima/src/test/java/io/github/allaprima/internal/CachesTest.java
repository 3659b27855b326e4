package io.github.allaprima.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CachesTest {
  @TempDir Path folder;

  private Path model(Map<String, String> variables, String home) throws IOException {
    return Caches.ours(name -> variables.getOrDefault(name, ""), home, folder);
  }

  @Test
  void of_the_model_is_the_users_unless_a_variable_names_another() throws IOException {
    String home = folder.toString();
    assertEquals(folder.resolve(".cache/allaprima"), model(Map.of(), home));
    String other = folder.resolve("xdg").toString();
    assertEquals(Path.of(other, "allaprima"), model(Map.of("XDG_CACHE_HOME", other), home));
    assertEquals(Path.of(other), model(Map.of("ALLAPRIMA_CACHE", other), home));
  }

  @Test
  void is_a_folder_of_this_user_alone_where_home_is_unknown_or_cannot_be_written()
      throws IOException {
    for (String home : new String[] {"/proc", "?", ""}) {
      Path cache = model(Map.of(), home);
      assertEquals(folder, cache.getParent());
      assertEquals(
          "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(cache)));
    }
  }

  @Test
  void is_refused_where_others_can_write() throws IOException {
    Path cache = model(Map.of(), "?");
    Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertThrows(IOException.class, () -> model(Map.of(), "?"));
  }
}
