package io.millrace.standalone.demo;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/**
 * What the demo came to.
 *
 * @param ok whether every held-out loss fell and routing missed at most one in five
 * @param seconds from the start to the end, pulling and building left out
 */
public record DemoReport(
        @JsonProperty("ok") boolean ok,
        @JsonProperty("base") String base,
        @JsonProperty("adapters") List<Adapter> adapters,
        @JsonProperty("routing") Routing routing,
        @JsonProperty("seconds") double seconds) {

    private static final double MAX_MISSED_SHARE = 0.2;

    /**
     * One adapter; losses are the mean negative log-likelihood of a completion token of the bundled held-out part, in
     * nats.
     *
     * @param version 40 hex of the champion
     * @param examples trained into it
     */
    public record Adapter(
            @JsonProperty("name") String name,
            @JsonProperty("version") String version,
            @JsonProperty("examples") long examples,
            @JsonProperty("holdout_loss_before") double holdoutLossBefore,
            @JsonProperty("holdout_loss_after") double holdoutLossAfter) {
        boolean improved() {
            return holdoutLossAfter < holdoutLossBefore;
        }
    }

    /** How many prompts went to the adapter they should. */
    public record Routing(
            @JsonProperty("asked") int asked,
            @JsonProperty("right") int right) {
        boolean good() {
            return asked - right <= MAX_MISSED_SHARE * asked;
        }
    }

    public static DemoReport of(String base, List<Adapter> adapters, Routing routing, double seconds) {
        return new DemoReport(
                adapters.stream().allMatch(Adapter::improved) && routing.good(),
                base,
                List.copyOf(adapters),
                routing,
                seconds);
    }

    /** Why it isn't ok, on one line; empty where it is. */
    public String complaint() {
        List<String> worse =
                adapters.stream().filter(a -> !a.improved()).map(Adapter::name).toList();
        String losses = worse.isEmpty() ? "" : "the held-out loss didn't fall for " + String.join(", ", worse);
        String routes = routing.good()
                ? ""
                : "routing was right for " + routing.right() + " of " + routing.asked() + " prompts only";
        return losses + (losses.isEmpty() || routes.isEmpty() ? "" : "; ") + routes;
    }
}
