package io.github.allaprima.cli;

import io.github.allaprima.Device;
import io.github.allaprima.Image;
import io.github.allaprima.Pipeline;
import io.github.allaprima.Request;
import io.github.allaprima.SystemInfo;
import io.github.allaprima.internal.DefaultModel;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;

/** What doctor looks at in the library: the native part, devices, caches, the model, a picture. */
final class LibraryChecks {
  /** What bytedeco's jars and ours take when they are unpacked. */
  private static final long UNPACKED_BYTES = 360_000_000L;

  private Optional<SystemInfo> info = Optional.empty();

  List<Check> all() {
    List<Check> checks = new ArrayList<>();
    // Looked at first: loading makes the cache, or fails for want of it.
    checks.add(Check.of("native cache", LibraryChecks::nativeCache));
    checks.add(Check.of("native library", this::nativeLibrary));
    checks.add(Check.of("libtorch", this::libtorch));
    checks.add(Check.of("device cpu", this::cpu));
    checks.add(Check.of("device cuda", this::cuda));
    checks.add(Check.of("model cache", LibraryChecks::modelCache));
    checks.add(Check.of("model", LibraryChecks::model));
    checks.add(Check.of("picture", this::picture));
    return checks;
  }

  private static Check nativeCache() {
    String advice = "name a folder that can be written with -Dorg.bytedeco.javacpp.cachedir=DIR";
    File folder;
    try {
      folder = Loader.getCacheDir();
    } catch (IOException e) {
      return Check.fail("native cache", "none can be made: " + e.getMessage(), advice);
    }
    String asked = System.getProperty("org.bytedeco.javacpp.cachedir");
    Check check = cache("native cache", folder.toPath(), UNPACKED_BYTES, advice);
    boolean other = asked != null && !new File(asked).equals(folder);
    return other && check.state() == Check.State.OK
        ? new Check(
            check.name(),
            Check.State.WARN,
            "%s, since %s cannot be written".formatted(check.detail(), asked),
            advice,
            check.facts())
        : check;
  }

  private Check nativeLibrary() {
    try {
      info = Optional.of(SystemInfo.get());
    } catch (RuntimeException | LinkageError e) {
      return Check.fail(
          "native library",
          String.valueOf(e.getMessage()),
          "on the class path must be allaprima-platform with all that it brings");
    }
    String from = ProcessFiles.library("liballaprima\\.so").map(Path::toString).orElse("unknown");
    return Check.ok("native library", "%s, from %s".formatted(info.get().version(), from))
        .with("version", info.get().version())
        .with("file", from);
  }

  private Check libtorch() {
    if (info.isEmpty()) {
      return notKnown("libtorch");
    }
    SystemInfo system = info.get();
    String from = ProcessFiles.library("libtorch_cpu\\.so").map(Path::toString).orElse("unknown");
    return Check.ok("libtorch", "%s, from %s".formatted(system.libtorch(), from))
        .with("version", system.libtorch())
        .with("file", from);
  }

  private Check cpu() {
    if (info.isEmpty()) {
      return notKnown("device cpu");
    }
    SystemInfo system = info.get();
    return Check.ok(
            "device cpu",
            "%s, %d threads, bf16 %s"
                .formatted(
                    system.cpuCapability(),
                    system.threads(),
                    system.nativeBf16()
                        ? "in hardware, used unless asked otherwise"
                        : "not in hardware: fp32 is used unless asked otherwise"))
        .with("capability", system.cpuCapability())
        .with("threads", system.threads())
        .with("native_bf16", system.nativeBf16());
  }

  private Check cuda() {
    if (info.isEmpty()) {
      return notKnown("device cuda");
    }
    SystemInfo system = info.get();
    boolean card = Files.exists(Path.of("/proc/driver/nvidia/version"));
    String text = system.cuda() ? "there" : "not there: " + system.cudaReason();
    Check check =
        card && !system.cuda()
            ? Check.warn(
                "device cuda", text, "an NVIDIA driver is loaded here; only the CPU is used")
            : Check.ok("device cuda", text);
    return check.with("available", system.cuda());
  }

  private static Check modelCache() {
    return cache(
        "model cache",
        DefaultModel.cache(),
        0,
        "set ALLAPRIMA_CACHE to a folder that can be written");
  }

  private static Check model() {
    try {
      Path folder = DefaultModel.folder();
      return Check.ok("model", "the small one, in " + folder).with("folder", folder.toString());
    } catch (RuntimeException e) {
      return Check.warn(
          "model", String.valueOf(e.getMessage()), "or name a checkpoint of yours with --model");
    }
  }

  /** The proof of all the others. */
  private Check picture() {
    if (info.isEmpty()) {
      return Check.fail("picture", "none: the native library is not there", "");
    }
    Path model;
    try {
      model = DefaultModel.folder();
    } catch (RuntimeException e) {
      return Check.warn("picture", "not tried: the small model is not there", "");
    }
    try (Pipeline pipeline = Pipeline.builder().model(model).device(Device.cpu()).build()) {
      Image image = pipeline.generate(Request.of("a red apple").steps(1).seed(7));
      double seconds = image.report().timings().total().toNanos() / 1e9;
      return Check.ok(
              "picture",
              String.format(
                  Locale.ROOT,
                  "%dx%d in one step on the CPU, %.2f s, %s",
                  image.width(),
                  image.height(),
                  seconds,
                  image.report().precision()))
          .with("seconds", seconds);
    } catch (RuntimeException | LinkageError e) {
      return Check.fail("picture", "failed: " + e.getMessage(), "please report it");
    }
  }

  private static Check notKnown(String name) {
    return Check.warn(name, "not known: the native library is not there", "");
  }

  /** A folder that is there or can be made, with space for what must go into it. */
  private static Check cache(String name, Path folder, long needed, String advice) {
    long used = size(folder);
    Path there = folder.toAbsolutePath();
    while (!Files.exists(there) && there.getParent() != null) {
      there = there.getParent();
    }
    boolean writable = Files.isDirectory(there) && Files.isWritable(there);
    long free = there.toFile().getUsableSpace();
    String text = "%s, %s, %s free".formatted(folder, Inspect.bytes(used), Inspect.bytes(free));
    Check check =
        !writable
            ? Check.warn(name, text + ", cannot be written", advice)
            : used + free < needed
                ? Check.warn(name, text + ", needs " + Inspect.bytes(needed), advice)
                : Check.ok(name, text);
    return check
        .with("folder", folder.toString())
        .with("bytes", used)
        .with("free_bytes", free)
        .with("writable", writable);
  }

  private static long size(Path folder) {
    if (!Files.isDirectory(folder)) {
      return 0;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      return files.map(Path::toFile).filter(File::isFile).mapToLong(File::length).sum();
    } catch (IOException | UncheckedIOException e) {
      return 0; // not ours to read, or changed meanwhile
    }
  }
}
