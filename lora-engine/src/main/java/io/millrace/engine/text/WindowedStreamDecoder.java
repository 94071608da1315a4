package io.millrace.engine.text;

import java.util.Arrays;

/**
 * Decodes a short window of the stream again with each id: the ids already shown, as far as they can change how the
 * following ones are written (a leading space, bytes of one character), and the ids held back. Text is held back while it
 * ends in a replacement character, which is how bytes of an unfinished character decode.
 */
final class WindowedStreamDecoder implements Tokenizer.StreamDecoder {
    private static final char REPLACEMENT = '\ufffd';
    private static final int MAX_HELD_BACK = 16; // no character has that many tokens: the bytes are no text

    private final Tokenizer tokenizer;
    private int[] window = new int[0];
    private int shown;

    WindowedStreamDecoder(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    @Override
    public String next(int id) {
        window = Arrays.copyOf(window, window.length + 1);
        window[window.length - 1] = id;
        String text = pending();
        boolean unfinished = !text.isEmpty() && text.charAt(text.length() - 1) == REPLACEMENT;
        if (unfinished && window.length - shown < MAX_HELD_BACK) {
            return "";
        }
        window = Arrays.copyOfRange(window, shown, window.length);
        shown = window.length;
        return text;
    }

    @Override
    public String flush() {
        String text = pending();
        window = new int[0];
        shown = 0;
        return text;
    }

    private String pending() {
        String before = tokenizer.decode(Arrays.copyOf(window, shown), true);
        String all = tokenizer.decode(window, true);
        return all.length() <= before.length() ? "" : all.substring(before.length());
    }
}
