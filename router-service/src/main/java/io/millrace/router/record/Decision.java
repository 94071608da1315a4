package io.millrace.router.record;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.millrace.router.select.Selection;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One decision, as its topic has it.
 *
 * @param time RFC 3339, UTC
 * @param model what the request asked for
 * @param from what an automatic step chose from
 * @param explored whether chance decided
 * @param registryOffset offset of the registry's view that it was made at
 * @param prompt fields of an example made of this request, without the answer
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Decision(
        @JsonProperty("decision_id") String decisionId,
        String time,
        String model,
        String step,
        @JsonInclude(JsonInclude.Include.ALWAYS) List<Part> adapters,
        double propensity,
        List<Candidate> from,
        boolean explored,
        @JsonProperty("registry_offset") long registryOffset,
        Map<String, Object> prompt) {
    private static final int MAX_CANDIDATES = 10;

    public Decision {
        adapters = adapters == null ? List.of() : List.copyOf(adapters);
        from = from == null ? List.of() : List.copyOf(from);
        prompt = prompt == null ? Map.of() : Map.copyOf(prompt);
    }

    /** @param version 40 hex */
    public record Part(String name, String version, double weight) {
        public static Part of(Selection.Part part) {
            return new Part(
                    part.version().adapter().toString(), part.version().id().hex(), part.weight());
        }
    }

    public record Candidate(String name, double similarity, double threshold, double share) {}

    public static Decision of(
            String id,
            String time,
            String model,
            Selection selection,
            long registryOffset,
            Map<String, Object> prompt) {
        return new Decision(
                id,
                time,
                model,
                selection.step(),
                selection.parts().stream().map(Part::of).toList(),
                selection.propensity(),
                selection.candidates().stream()
                        .limit(MAX_CANDIDATES)
                        .map(c -> new Candidate(c.key().toString(), c.similarity(), c.threshold(), c.share()))
                        .toList(),
                selection.explored(),
                registryOffset,
                prompt);
    }

    /** The adapter of greatest weight, the first of several; empty where the base answered alone. */
    public Optional<Part> leading() {
        return adapters.stream().reduce((a, b) -> Math.abs(b.weight()) > Math.abs(a.weight()) ? b : a);
    }

    /** As header {@code X-Millrace-Adapters} has it: {@code ns/name@40hex=weight}, separated by commas. */
    public String header() {
        return adapters.isEmpty()
                ? "base"
                : String.join(
                        ", ",
                        adapters.stream()
                                .map(p -> p.name() + "@" + p.version() + "=" + p.weight())
                                .toList());
    }
}
