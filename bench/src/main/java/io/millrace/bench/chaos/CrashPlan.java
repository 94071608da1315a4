package io.millrace.bench.chaos;

import io.millrace.trainer.protocol.CrashPoint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** Lives that each halt by themselves at a named point of the trainer's protocol. */
record CrashPlan(List<String> crashes) {
    /** Passed by a life that begins with a planned round, or before it has done anything. */
    private static final Set<CrashPoint> AT_FIRST =
            Set.of(CrashPoint.RECOVERED, CrashPoint.BEFORE_RETRY, CrashPoint.DURING_RETRY, CrashPoint.AFTER_RETRY);

    /** @param text as {@code after-plan:2,mid-train}, or {@code all} */
    static CrashPlan parse(String text) {
        if (text.equals("all")) {
            return all();
        }
        List<String> crashes = Arrays.stream(text.split(",")).map(String::strip).toList();
        crashes.forEach(crash -> CrashPoint.of(crash.split(":", 2)[0]));
        return new CrashPlan(crashes);
    }

    /** Each point of the stream once, in the protocol's order; not at the first passing, so that the round found at the start ends. */
    private static CrashPlan all() {
        List<String> crashes = new ArrayList<>();
        for (CrashPoint point : CrashPoint.ofTheStream()) {
            int passing = AT_FIRST.contains(point) ? 1 : point == CrashPoint.MID_TRAIN ? 20 : 2;
            crashes.add(point.text() + ":" + passing);
        }
        return new CrashPlan(crashes);
    }
}
