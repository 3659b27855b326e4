package io.github.allaprima.internal;

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
}
