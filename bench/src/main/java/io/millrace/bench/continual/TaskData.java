package io.millrace.bench.continual;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.trainer.train.Examples;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * One task: what is streamed, and what is measured with and never streamed.
 *
 * @param train as the topic of curated examples would hold it
 * @param test tokenised
 */
record TaskData(String name, List<CuratedExample> train, List<TrainingSequence> test) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * The first lines of {@code NAME.train.jsonl} and {@code NAME.test.jsonl}, {@code {"prompt", "completion"}} each.
     *
     * @throws MillraceException {@code bad_request} where a file can't be read or is too short
     */
    static TaskData read(Path directory, String name, int train, int test, Examples examples, int maxLength) {
        return new TaskData(
                name,
                curated(directory.resolve(name + ".train.jsonl"), name, train),
                curated(directory.resolve(name + ".test.jsonl"), name, test).stream()
                        .map(example -> examples.sequence(example, maxLength))
                        .toList());
    }

    private static List<CuratedExample> curated(Path file, String name, int count) {
        try (Stream<String> lines = Files.lines(file)) {
            List<String> first = lines.limit(count).toList();
            if (first.size() < count) {
                throw new MillraceException(
                        ErrorCode.BAD_REQUEST, file + " has " + first.size() + " lines, " + count + " are needed");
            }
            return Stream.iterate(0, i -> i < count, i -> i + 1)
                    .map(i -> curated(name, i, first.get(i)))
                    .toList();
        } catch (IOException e) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST, file + " can't be read (" + e + "); --data-dir takes their folder", e);
        }
    }

    private static CuratedExample curated(String name, int index, String line) {
        try {
            JsonNode read = JSON.readTree(line);
            byte[] record = JSON.writeValueAsBytes(Map.of(
                    "adapter",
                    "bench/all",
                    "prompt",
                    read.path("prompt").textValue(),
                    "completion",
                    read.path("completion").textValue()));
            return CuratedExample.newBuilder()
                    .setAdapter("bench/all")
                    .setExampleId(name + ":" + index)
                    .setRecord(ByteString.copyFrom(record))
                    .build();
        } catch (IOException e) {
            throw new MillraceException(ErrorCode.BAD_REQUEST, name + " line " + (index + 1) + " isn't JSON", e);
        }
    }
}
