package io.millrace.trainer;

import io.millrace.topics.Topics;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Where a text stands, in the store and in every topic that can hold one. */
record Places(Platform platform, String text) {

    List<String> all() {
        List<String> places = new ArrayList<>();
        platform.store.forEach(blob -> {
            if (holdsText(platform.store.get(blob))) {
                places.add("blob " + blob);
            }
        });
        Topics topics = platform.kafka.topics();
        for (String topic : List.of(
                topics.examples(),
                topics.curated(),
                topics.deadLetters(),
                topics.decisions(),
                topics.feedback(),
                topics.journal(),
                topics.outcomes())) {
            platform.read(topic).stream()
                    .filter(record -> record.value() != null && holdsText(record.value()))
                    .forEach(record -> places.add(topic + " " + record.offset()));
        }
        return places;
    }

    private boolean holdsText(byte[] content) {
        return new String(content, StandardCharsets.ISO_8859_1).contains(text);
    }
}
