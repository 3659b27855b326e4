package io.github.allaprima.cli;

import io.github.allaprima.SystemInfo;
import picocli.CommandLine.Command;

/** Prints what this machine and build can do. */
@Command(
    name = "info",
    description = "Prints version, libtorch, processor and CUDA as JSON.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class Info implements Runnable {
  @Override
  public void run() {
    System.out.println(SystemInfo.get().json());
  }
}
