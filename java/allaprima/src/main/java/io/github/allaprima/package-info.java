/**
 * Text to pictures with Stable Diffusion XL, in this process.
 *
 * <p>{@link io.github.allaprima.Pipeline} holds a checkpoint, {@link io.github.allaprima.Request}
 * says what to draw, {@link io.github.allaprima.Image} is the picture.
 *
 * <p><b>Failures</b> of the work are {@link io.github.allaprima.AllaPrimaException}s. Wrong values
 * are refused with {@link java.lang.IllegalArgumentException} when a request or builder takes them;
 * to generate after {@code close} is an {@link java.lang.IllegalStateException}.
 *
 * <p><b>Dependency.</b> {@code io.github.allaprima:allaprima-platform} brings everything: this
 * library, its native part, libtorch and a small model. Linux x86-64 with glibc 2.35 or later.
 * Native libraries are unpacked once into {@code ~/.javacpp/cache} (380 MB; the system property
 * {@code org.bytedeco.javacpp.cachedir} names another folder), the model into {@code
 * ~/.cache/allaprima} (the environment variable {@code ALLAPRIMA_CACHE}).
 *
 * <p><b>Memory.</b> Weights and intermediate values lie outside the Java heap, which may be small;
 * closing the pipeline frees them. JavaCPP's guard, which would count them against the heap, is
 * switched off unless its system properties are set.
 *
 * <p><b>Processor.</b> OpenMP's threads spin while they wait for each other, by default for so long
 * that a machine which is busy with other work is slowed down. Before it loads libgomp the library
 * sets {@code GOMP_SPINCOUNT=3000} in the environment of the process, unless that or {@code
 * OMP_WAIT_POLICY} is set already. Where other code has loaded libgomp before, it is too late.
 *
 * <p><b>Logging and events.</b> Messages go to the {@link java.lang.System.Logger} {@code
 * io.github.allaprima}: a warning for a pipeline that was never closed, the rest at debug level.
 * While the JDK's flight recorder records there are the events {@code io.github.allaprima.Load},
 * {@code io.github.allaprima.Generate} and {@code io.github.allaprima.Step}; they hold no prompts.
 *
 * <p><b>Modules.</b> This is the module {@code io.github.allaprima}; an application requires no
 * other. The jars with native libraries and the model have no classes and may lie on the module
 * path or on the class path.
 *
 * <p><b>libtorch</b> comes from the jars of {@code org.bytedeco}, or from a folder that the system
 * property {@code allaprima.torch} or the environment variable {@code ALLAPRIMA_TORCH} names, as
 * {@code torch/lib} of a pip-installed torch of the same minor version. It is loaded once for all
 * class loaders of a process.
 *
 * <p><b>Java 24 and later</b> want {@code --enable-native-access=ALL-UNNAMED} for the native
 * libraries, on the module path {@code
 * --enable-native-access=io.github.allaprima,org.bytedeco.javacpp}; else they print a warning.
 */
@NullMarked
package io.github.allaprima;

import org.jspecify.annotations.NullMarked;
