package io.github.allaprima.internal;

/** What the C API says about the process. */
public final class NativeSystem {
  private NativeSystem() {}

  /** JSON of {@code allaprima_system_info}. */
  public static String info() {
    NativeLibrary.load();
    return Status.text(CApi::allaprima_system_info);
  }
}
