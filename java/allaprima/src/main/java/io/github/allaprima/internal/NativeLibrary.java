package io.github.allaprima.internal;

import io.github.allaprima.NativeLibraryException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.StringJoiner;
import org.bytedeco.javacpp.ClassProperties;
import org.bytedeco.javacpp.Loader;

/** Loads libtorch and our two libraries, once; when that fails, says what to do. */
public final class NativeLibrary {
  /** The one supported platform, in JavaCPP's words; classifier of every native jar. */
  static final String PLATFORM = "linux-x86_64";

  private static final String SUPPORTED =
      "Alla Prima runs on Linux x86-64 with glibc 2.35 or later";

  /** One library of each jar that must be on the class path, with the jar's coordinates. */
  private static final String[][] JARS = {
    {"org/bytedeco/pytorch/" + PLATFORM + "/libtorch_cpu.so", "org.bytedeco:pytorch"},
    {"org/bytedeco/openblas/" + PLATFORM + "/libopenblas.so.0", "org.bytedeco:openblas"},
    {
      "io/github/allaprima/internal/" + PLATFORM + "/liballaprima.so",
      "io.github.allaprima:allaprima"
    },
  };

  private static boolean loaded;

  private NativeLibrary() {}

  /** Version of the Java part, as in "0.1.0". */
  public static String version() {
    Properties properties = new Properties();
    try (InputStream stream = NativeLibrary.class.getResourceAsStream("version.properties")) {
      properties.load(stream);
    } catch (IOException e) {
      throw new IllegalStateException("version.properties could not be read", e);
    }
    return properties.getProperty("version");
  }

  /** Returns when the libraries are ready; throws the same each time when they cannot be. */
  public static synchronized void load() {
    if (loaded) {
      return;
    }
    checkPlatform(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
    liftMemoryGuard();
    try {
      Loader.load(CApi.class);
    } catch (LinkageError e) {
      throw new NativeLibraryException(explain(e), e);
    }
    int abi = CApi.allaprima_abi_version();
    if (abi != CApi.ABI_VERSION) {
      throw new NativeLibraryException(
          "liballaprima.so has ABI version %d, this Java library needs %d. Use jars of one version: %s"
              .formatted(abi, CApi.ABI_VERSION, dependency()),
          null);
    }
    loaded = true;
  }

  static void checkPlatform(String os, String arch) {
    boolean x86 = arch.equals("amd64") || arch.equals("x86_64");
    if (!os.toLowerCase(Locale.ROOT).equals("linux") || !x86) {
      throw new NativeLibraryException(
          SUPPORTED + "; this Java runs on " + os + " " + arch + ".", null);
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

  private static String explain(LinkageError failure) {
    String reasons = String.join("; ", reasons(failure));
    if (reasons.contains("`GLIBC_") || reasons.contains("musl")) {
      return SUPPORTED + ", and the C library here is another: " + reasons;
    }
    StringJoiner missing = new StringJoiner(", ");
    for (String[] jar : JARS) {
      if (NativeLibrary.class.getClassLoader().getResource(jar[0]) == null) {
        missing.add(jar[1] + ":" + PLATFORM);
      }
    }
    String text = "The native libraries could not be loaded";
    if (missing.length() > 0) {
      text += ". Not on the class path: " + missing + ". Add the dependency " + dependency();
    }
    return text + ". Tried: " + reasons;
  }

  /** One reason for each library that is not loaded; JavaCPP itself forgets those of preloads. */
  private static List<String> reasons(LinkageError failure) {
    List<String> reasons = new ArrayList<>();
    ClassProperties properties = Loader.loadProperties(CApi.class, Loader.loadProperties(), true);
    List<String> libraries = new ArrayList<>(properties.get("platform.preload"));
    libraries.addAll(properties.get("platform.link"));
    libraries.removeAll(Loader.getLoadedLibraries().keySet());
    for (String library : libraries) {
      try {
        URL[] places = Loader.findLibrary(CApi.class, properties, library);
        Loader.loadLibrary(CApi.class, places, library);
      } catch (LinkageError e) {
        reasons.add(library + ": " + deepest(e));
      }
    }
    reasons.add(deepest(failure));
    return reasons;
  }

  private static String deepest(Throwable failure) {
    Throwable deepest = failure;
    while (deepest.getCause() != null) {
      deepest = deepest.getCause();
    }
    return String.valueOf(deepest.getMessage());
  }

  private static String dependency() {
    return "io.github.allaprima:allaprima-platform:" + version();
  }
}
