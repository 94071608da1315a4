package io.millrace.trainer.curate;

import io.millrace.proto.internal.CuratedExample;
import io.millrace.trainer.outcome.Outcome;
import java.util.Optional;

/**
 * What is remembered of an id.
 *
 * @param contentSha256 what it names
 * @param accepted place of the record that was accepted last under it; none in what earlier releases remembered
 */
record Seen(String contentSha256, Optional<String> accepted) {

    static Seen of(CuratedExample example) {
        return new Seen(example.getContentSha256(), Optional.of(Outcome.place(example.getSource())));
    }

    static Seen parse(String text) {
        String[] parts = text.split(" ", 2);
        return new Seen(parts[0], parts.length > 1 ? Optional.of(parts[1]) : Optional.empty());
    }

    String text() {
        return contentSha256 + accepted.map(place -> " " + place).orElse("");
    }
}
