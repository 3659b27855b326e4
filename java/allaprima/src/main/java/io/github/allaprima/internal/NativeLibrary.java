package io.github.allaprima.internal;

import io.github.allaprima.AllaPrimaException;
import io.github.allaprima.NativeLibraryException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import org.bytedeco.javacpp.Loader;

/** Loads libtorch and our two libraries, once; when that fails, says what to do. */
public final class NativeLibrary {
  /** Tells all class loaders of the process which libtorch is in it. */
  private static final String IN_PROCESS = "io.github.allaprima.libtorch";

  private static boolean loaded;

  private NativeLibrary() {}

  /** Version of the Java part, as in "0.1.0". */
  public static String version() {
    return built("version");
  }

  /** The libtorch that the native part is built for, as in "2.13.0". */
  static String libtorchVersion() {
    return built("libtorch");
  }

  private static String built(String key) {
    Properties properties = new Properties();
    try (InputStream stream = NativeLibrary.class.getResourceAsStream("version.properties")) {
      properties.load(stream);
    } catch (IOException e) {
      throw new IllegalStateException("version.properties could not be read", e);
    }
    return properties.getProperty(key);
  }

  /** Returns when the libraries are ready; throws the same each time when they cannot be. */
  public static synchronized void load() {
    if (loaded) {
      return;
    }
    checkPlatform(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
    checkClassLoader();
    liftMemoryGuard();
    Libtorch libtorch = Libtorch.chosen();
    checkJars(libtorch);
    Caches.prepareJavaCpp();
    // Tells libgomp how to wait, which reads that once, when it is loaded.
    NativeFile.in(libtorch.ours(), "liballaprimawait.so").loadShared();
    loadLibtorch(libtorch);
    loadOurs(libtorch);
    checkVersions(libtorch);
    loaded = true;
  }

  static void checkPlatform(String os, String arch) {
    boolean x86 = arch.equals("amd64") || arch.equals("x86_64");
    if (!os.toLowerCase(Locale.ROOT).equals("linux") || !x86) {
      throw LoadFailure.ofPlatform(os, arch);
    }
  }

  /** Java looks for a class's native methods among the libraries of that class's loader only. */
  private static void checkClassLoader() {
    if (Loader.class.getClassLoader() != NativeLibrary.class.getClassLoader()) {
      throw new NativeLibraryException(
          "JavaCPP and Alla Prima were loaded by two class loaders, %s and %s; their jars must be"
                  .formatted(Loader.class.getClassLoader(), NativeLibrary.class.getClassLoader())
              + " side by side.",
          null);
    }
  }

  private static void checkJars(Libtorch libtorch) {
    List<Jar> missing = new ArrayList<>(libtorch.jars());
    missing.add(libtorch.ours());
    missing.removeIf(Jar::isPresent);
    if (!missing.isEmpty()) {
      throw LoadFailure.ofMissing(missing);
    }
  }

  /** Two libtorch in one process would share half of their state. */
  private static void loadLibtorch(Libtorch libtorch) {
    String name = libtorch.toString();
    Object other = System.getProperties().putIfAbsent(IN_PROCESS, name);
    if (other != null && !other.equals(name)) {
      throw new NativeLibraryException(
          "libtorch was to be loaded from %s, and this process has it from %s already: all class loaders share one."
              .formatted(name, other),
          null);
    }
    try {
      libtorch.load();
    } catch (NativeLibraryException e) {
      System.getProperties().remove(IN_PROCESS, name);
      throw e;
    }
  }

  /**
   * JavaCPP counts all memory of the process, weights too, against a multiple of the Java heap and
   * then refuses to allocate. It reads its limits when its first pointer class is initialised.
   */
  private static void liftMemoryGuard() {
    for (String limit : new String[] {"maxBytes", "maxPhysicalBytes"}) {
      String property = "org.bytedeco.javacpp." + limit;
      if (System.getProperty(property) == null
          && System.getProperty(property.toLowerCase(Locale.ROOT)) == null) {
        System.setProperty(property, "0");
      }
    }
  }

  private static void loadOurs(Libtorch libtorch) {
    try {
      NativeFile.in(libtorch.ours(), "liballaprima.so").loadShared();
    } catch (NativeLibraryException e) {
      throw libtorch instanceof Libtorch.InFolder folder ? LoadFailure.ofMisfit(folder, e) : e;
    }
    NativeFile.in(libtorch.ours(), "libjniallaprima.so").loadForThisClassLoader();
  }

  private static void checkVersions(Libtorch libtorch) {
    int abi = CApi.allaprima_abi_version();
    if (abi != CApi.ABI_VERSION) {
      throw new NativeLibraryException(
          "liballaprima.so has ABI version %d, this Java library needs %d. Use jars of one version: %s"
              .formatted(abi, CApi.ABI_VERSION, LoadFailure.dependency()),
          null);
    }
    try {
      Status.check(CApi.allaprima_check_libtorch());
    } catch (AllaPrimaException e) {
      throw new NativeLibraryException("From %s: %s".formatted(libtorch, e.getMessage()), e);
    }
  }
}
