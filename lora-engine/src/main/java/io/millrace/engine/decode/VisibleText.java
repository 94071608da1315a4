package io.millrace.engine.decode;

import io.millrace.engine.text.Tokenizer;
import java.util.List;

/** The text of one answer as it may be shown: what could be the start of a stop text is held back until it isn't. */
final class VisibleText {
    private final Tokenizer.StreamDecoder decoder;
    private final List<String> stops;
    private final StringBuilder pending = new StringBuilder();
    private boolean stopped;

    VisibleText(Tokenizer.StreamDecoder decoder, List<String> stops) {
        this.decoder = decoder;
        this.stops = stops;
    }

    /** What the token makes visible. */
    String add(int id) {
        pending.append(decoder.next(id));
        return takeUntilStop(heldBack());
    }

    /** What is still held back, when no token follows. */
    String finish() {
        if (stopped) {
            return "";
        }
        pending.append(decoder.flush());
        return takeUntilStop(0);
    }

    /** Whether a stop text was met: the answer ends before it. */
    boolean stopped() {
        return stopped;
    }

    private String takeUntilStop(int keep) {
        int end = stops.stream()
                .mapToInt(pending::indexOf)
                .filter(at -> at >= 0)
                .min()
                .orElse(-1);
        stopped = end >= 0;
        String visible = pending.substring(0, stopped ? end : pending.length() - keep);
        pending.delete(0, stopped ? pending.length() : visible.length());
        return visible;
    }

    /** Length of the longest end of the pending text that starts a stop text. */
    private int heldBack() {
        int longest = 0;
        for (String stop : stops) {
            for (int n = Math.min(stop.length() - 1, pending.length()); n > longest; n--) {
                if (stop.startsWith(pending.substring(pending.length() - n))) {
                    longest = n;
                }
            }
        }
        return longest;
    }
}
