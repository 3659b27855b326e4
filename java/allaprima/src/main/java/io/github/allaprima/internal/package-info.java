/** Not for users: the binding to the native library, and what it needs. */
@NullMarked
package io.github.allaprima.internal;

import org.jspecify.annotations.NullMarked;
