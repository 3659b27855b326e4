package io.github.allaprima.internal;

import java.nio.file.Path;

/** What the C API says about the process. */
public final class NativeSystem {
  private NativeSystem() {}

  /** JSON of {@code allaprima_system_info}, for which the engine must be free. */
  public static String info() {
    return Worker.once(NativeSystem::ask);
  }

  private static String ask() {
    NativeLibrary.load();
    return Status.text(CApi::allaprima_system_info);
  }

  /** JSON of {@code allaprima_inspect}, for which the engine must be free. */
  public static String inspect(Path model, String variant) {
    return Worker.once(() -> askAbout(model, variant));
  }

  private static String askAbout(Path model, String variant) {
    NativeLibrary.load();
    try (Utf8 folder = new Utf8(model.toString());
        Utf8 wanted = new Utf8(variant);
        CApi.Options options = new CApi.Options()) {
      options
          .struct_size(options.sizeof())
          .model(folder.pointer())
          .model_size(folder.size())
          .variant(wanted.pointer())
          .variant_size(wanted.size());
      return Status.text((b, c, s) -> CApi.allaprima_inspect(options, b, c, s));
    }
  }
}
