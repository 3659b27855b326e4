package io.github.allaprima;

import java.time.Duration;

/**
 * A denoising step that was done.
 *
 * @param completed how many steps are done, from 1
 * @param total how many there are in all
 * @param elapsed since the generation began, its encoding of the prompt included
 */
public record Step(int completed, int total, Duration elapsed) {}
