package io.github.allaprima;

import java.util.List;

/**
 * Words of a prompt beyond the tokenizer's limit, 75 tokens for SDXL. They had no effect.
 *
 * @param prompt which one: "prompt", "prompt_2", "negative_prompt" or "negative_prompt_2"
 * @param words in their order, as the tokenizer spells them: lower case, the first perhaps the rest
 *     of a word
 */
public record DroppedWords(String prompt, List<String> words) {
  /**
   * Copies the list.
   *
   * @param prompt as {@link #prompt}
   * @param words as {@link #words}
   */
  public DroppedWords {
    words = List.copyOf(words);
  }

  static DroppedWords parse(Fields fields) {
    return new DroppedWords(
        fields.text("prompt"), fields.list("words").stream().map(String::valueOf).toList());
  }
}
