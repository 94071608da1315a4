package io.millrace.engine.base;

import java.util.Optional;

/**
 * The text side of a base, as files.
 *
 * @param tokenizer tokenizer.json
 * @param tokenizerConfig tokenizer_config.json, {@code {}} where the source has none
 * @param chatTemplate Jinja source
 */
record TextFiles(byte[] tokenizer, byte[] tokenizerConfig, Optional<String> chatTemplate) {
    static final String TOKENIZER = "tokenizer.json";
    static final String TOKENIZER_CONFIG = "tokenizer_config.json";
    static final String CHAT_TEMPLATE = "chat_template.jinja";
}
