package io.millrace.standalone.cli.dlq;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.standalone.cli.KafkaOptions;
import io.millrace.standalone.client.DeadLetters;
import io.millrace.standalone.client.DeadLetters.DeadLetter;
import io.millrace.topics.KafkaSettings;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which dead letters a command is about. */
final class DeadLetterOptions {
    @Mixin
    private KafkaOptions kafka;

    @Option(names = "--code", paramLabel = "CODE", description = "Only those refused with this code, as too_long.")
    private Optional<String> code;

    KafkaSettings kafka() {
        return kafka.settings();
    }

    /** All of the code, oldest first. */
    List<DeadLetter> all() {
        return new DeadLetters(kafka())
                .all().stream()
                        .filter(letter -> code.isEmpty() || letter.code().equals(code.get()))
                        .toList();
    }

    /** @param names as {@code 3:17} */
    List<DeadLetter> named(List<String> names) {
        Map<String, DeadLetter> byName = new LinkedHashMap<>();
        all().forEach(letter -> byName.put(letter.name(), letter));
        return names.stream()
                .map(name -> Optional.ofNullable(byName.get(name))
                        .orElseThrow(() -> new MillraceException(
                                ErrorCode.BAD_REQUEST, "there is no dead letter " + name + "; see 'dlq list'")))
                .toList();
    }

    static Map<String, Object> json(DeadLetter letter) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", letter.name());
        json.put("time", Instant.ofEpochMilli(letter.timestampMs()).toString());
        json.put("code", letter.code());
        json.put("message", letter.message());
        json.put("source", letter.source());
        json.put("headers", letter.headers());
        json.put("value", letter.text());
        return json;
    }
}
