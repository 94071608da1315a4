package io.millrace.standalone.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.core.ErrorCode;
import io.millrace.standalone.cli.ExampleLines.Line;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** What lines would come to, with what only all of them together show: duplicates, reused ids, counts, lengths. */
final class Foreseen {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<String, Seen> byId = new HashMap<>();
    private final Map<String, String> byContent = new HashMap<>();
    private final SortedMap<String, Integer> outcomes = new TreeMap<>();
    private final SortedMap<String, Integer> codes = new TreeMap<>();
    private final SortedMap<String, Integer> adapters = new TreeMap<>();
    private int[] lengths = new int[1024];
    private int measured;
    private int total;
    private int truncated;
    private int sameContent;

    private record Seen(String content, String place) {}

    /**
     * Takes the next line.
     *
     * @param answer what the trainer says of it alone
     * @return what it would come to after those before it
     */
    ObjectNode add(Line line, JsonNode answer) {
        ObjectNode result = JSON.createObjectNode()
                .put("file", line.file())
                .put("line", line.number())
                .put("place", line.place());
        result.setAll((ObjectNode) answer);
        if (answer.has("content_sha256")) {
            compare(result);
        }
        count(result);
        return result;
    }

    /** As the curator does, which looks at ids before anything is encoded. */
    private void compare(ObjectNode line) {
        String adapter = line.path("adapter").asText();
        String content = line.path("content_sha256").asText();
        String place = line.path("place").asText();
        Optional<Seen> earlier = Optional.ofNullable(
                byId.putIfAbsent(adapter + "\n" + line.path("id").asText(), new Seen(content, place)));
        if (earlier.isPresent()) {
            line.put("same_as", earlier.get().place()).remove(List.of("code", "message", "truncated"));
            if (earlier.get().content().equals(content)) {
                line.put("outcome", "DUPLICATE");
            } else {
                line.put("outcome", "REJECTED")
                        .put("code", ErrorCode.ID_REUSED.code())
                        .put(
                                "message",
                                "the id '" + line.path("id").asText() + "' is that of "
                                        + earlier.get().place() + " with another content");
            }
            return;
        }
        Optional.ofNullable(byContent.putIfAbsent(adapter + "\n" + content, place))
                .ifPresent(other -> line.put("same_content_as", other));
    }

    private void count(ObjectNode line) {
        total++;
        String outcome = line.path("outcome").asText();
        outcomes.merge(outcome, 1, Integer::sum);
        if (line.has("code")) {
            codes.merge(line.path("code").asText(), 1, Integer::sum);
        }
        if (line.has("adapter")) {
            adapters.merge(line.path("adapter").asText(), 1, Integer::sum);
        }
        sameContent += line.has("same_content_as") ? 1 : 0;
        truncated += line.path("truncated").asBoolean() ? 1 : 0;
        if (line.has("tokens") && !outcome.equals("DUPLICATE")) {
            if (measured == lengths.length) {
                lengths = Arrays.copyOf(lengths, 2 * measured);
            }
            lengths[measured++] = line.path("tokens").asInt();
        }
    }

    int total() {
        return total;
    }

    int refused() {
        return outcomes.getOrDefault("REJECTED", 0);
    }

    private int duplicates() {
        return outcomes.getOrDefault("DUPLICATE", 0);
    }

    private int tooLong() {
        return codes.getOrDefault(ErrorCode.TOO_LONG.code(), 0);
    }

    /** Of all lines so far. */
    ObjectNode summary() {
        ObjectNode summary = JSON.createObjectNode().put("total", total);
        summary.set("outcomes", JSON.valueToTree(outcomes));
        summary.set("rejected", JSON.valueToTree(codes));
        summary.set("adapters", JSON.valueToTree(adapters));
        summary.putObject("duplicates").put("same_id", duplicates()).put("same_content", sameContent);
        ObjectNode tokens = summary.putObject("tokens");
        if (measured > 0) {
            int[] sorted = sorted();
            tokens.put("min", sorted[0]).put("median", median(sorted)).put("max", sorted[measured - 1]);
        }
        tokens.put("truncated", truncated).put("too_long", tooLong());
        return summary;
    }

    /** The summary for people. */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(total + " lines, nothing sent");
        outcomes.forEach((outcome, n) -> lines.add("  " + outcome + " " + n));
        codes.forEach((code, n) -> lines.add("    " + code + " " + n));
        adapters.forEach((adapter, n) -> lines.add("  for " + adapter + " " + n));
        lines.add("  duplicates: " + duplicates() + " by id, " + sameContent + " by content under another id");
        if (measured > 0) {
            int[] sorted = sorted();
            lines.add(String.format(
                    Locale.ROOT,
                    "  tokens: min %d, median %.1f, max %d; %d prompts cut to the limit, %d completions over it",
                    sorted[0],
                    median(sorted),
                    sorted[measured - 1],
                    truncated,
                    tooLong()));
        }
        return lines;
    }

    private int[] sorted() {
        int[] sorted = Arrays.copyOf(lengths, measured);
        Arrays.sort(sorted);
        return sorted;
    }

    private static double median(int[] sorted) {
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2.0;
    }
}
