package io.github.allaprima.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What doctor looks at before any library of ours: Java, the system, the processor, memory. */
final class MachineChecks {
  private static final String OLDEST_GLIBC = "2.35";
  private static final long SMALL_MEMORY = 2_000_000_000L;

  private MachineChecks() {}

  static List<Check> all() {
    return List.of(
        Check.of("java", MachineChecks::java),
        Check.of("system", MachineChecks::system),
        Check.of("glibc", MachineChecks::glibc),
        Check.of("processor", MachineChecks::processor),
        Check.of("memory", MachineChecks::memory),
        Check.of("names", MachineChecks::names));
  }

  private static Check java() {
    String version = System.getProperty("java.version");
    String vendor = System.getProperty("java.vendor");
    return Check.ok(
            "java", "%s, %s, %s".formatted(version, vendor, System.getProperty("java.home")))
        .with("version", version)
        .with("vendor", vendor);
  }

  private static Check system() {
    String os = System.getProperty("os.name");
    String arch = System.getProperty("os.arch");
    String text = "%s %s on %s".formatted(os, System.getProperty("os.version"), arch);
    boolean good = os.equals("Linux") && (arch.equals("amd64") || arch.equals("x86_64"));
    return good
        ? Check.ok("system", text)
        : Check.fail("system", text, "Alla Prima runs on Linux x86-64 only");
  }

  private static Check glibc() {
    Optional<String> version;
    try {
      version = ProcessFiles.glibc();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (version.isEmpty()) {
      return Check.fail(
          "glibc",
          "this Java runs on another C library",
          "use a system with glibc %s or later, as Debian 12 or Ubuntu 22.04; Alpine has musl"
              .formatted(OLDEST_GLIBC));
    }
    String found = version.get();
    String[] parts = found.split("\\.");
    int release = 1000 * Integer.parseInt(parts[0]) + Integer.parseInt(parts[1]);
    Check check =
        release >= 2035
            ? Check.ok("glibc", found)
            : Check.fail(
                "glibc",
                found + ", too old",
                "use a system with glibc %s or later, as Debian 12, Ubuntu 22.04 or RHEL 10"
                    .formatted(OLDEST_GLIBC));
    return check.with("version", found);
  }

  private static Check processor() {
    String model = ProcessFiles.value("/proc/cpuinfo", "model name").orElse("unknown");
    String flags = " " + ProcessFiles.value("/proc/cpuinfo", "flags").orElse("") + " ";
    List<String> sets = new ArrayList<>();
    for (String set : new String[] {"avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16"}) {
      if (flags.contains(" " + set + " ")) {
        sets.add(set);
      }
    }
    int cores = Runtime.getRuntime().availableProcessors();
    String text =
        "%s, %d core%s for this process, %s"
            .formatted(
                model,
                cores,
                cores == 1 ? "" : "s",
                sets.isEmpty() ? "without AVX2" : String.join(" ", sets));
    Check check =
        sets.isEmpty()
            ? Check.warn("processor", text, "pictures take long without AVX2")
            : Check.ok("processor", text);
    return check.with("model", model).with("cores", cores).with("instruction_sets", sets);
  }

  private static Check memory() {
    long total = ProcessFiles.memory("MemTotal:");
    long free = ProcessFiles.memory("MemAvailable:");
    Optional<Long> limit = containerLimit();
    long usable = Math.min(free, limit.orElse(Long.MAX_VALUE));
    String text =
        "%s free of %s%s; Java's heap may grow to %s"
            .formatted(
                Inspect.bytes(free),
                Inspect.bytes(total),
                limit
                    .map(most -> ", of which this container may use " + Inspect.bytes(most))
                    .orElse(""),
                Inspect.bytes(Runtime.getRuntime().maxMemory()));
    Check check =
        usable < SMALL_MEMORY
            ? Check.warn(
                "memory",
                text,
                "the small model fits into 1 GB; SDXL in bf16 needs 7 GB and what a picture needs")
            : Check.ok("memory", text);
    return check
        .with("total_bytes", total)
        .with("free_bytes", free)
        .with("container_bytes", limit.orElse(null));
  }

  private static Optional<Long> containerLimit() {
    try {
      String most = ProcessFiles.lines("/sys/fs/cgroup/memory.max").get(0);
      return most.equals("max") ? Optional.empty() : Optional.of(Long.valueOf(most));
    } catch (UncheckedIOException e) {
      return Optional.empty(); // the root of all groups, or a kernel with groups of the old kind
    }
  }

  /** Java turns names of files and arguments into this encoding. */
  private static Check names() {
    String encoding = String.valueOf(System.getProperty("sun.jnu.encoding"));
    return encoding.toUpperCase(Locale.ROOT).equals("UTF-8")
        ? Check.ok("names", "of files and prompts are UTF-8")
        : Check.warn(
            "names",
            "of files and prompts are read as " + encoding,
            "letters beyond it are lost; set LC_ALL=C.UTF-8");
  }
}
