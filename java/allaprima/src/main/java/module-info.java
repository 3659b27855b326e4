/** Text to pictures with Stable Diffusion XL; the package page says what a user must know. */
module io.github.allaprima {
  requires org.bytedeco.javacpp;
  requires static transitive java.desktop;
  requires static jdk.jfr;
  requires static transitive org.jspecify;

  exports io.github.allaprima;
}
