package io.millrace.router.record;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** The last decisions by id, this router's and others', so that feedback finds what it is about. */
public final class RecentDecisions {
    private final int max;
    private final Map<String, Decision> decisions = new LinkedHashMap<>();

    public RecentDecisions(int max) {
        this.max = max;
    }

    public synchronized void add(Decision decision) {
        decisions.putIfAbsent(decision.decisionId(), decision);
        for (Iterator<Decision> eldest = decisions.values().iterator(); decisions.size() > max; ) {
            eldest.next();
            eldest.remove();
        }
    }

    public synchronized Optional<Decision> find(String decisionId) {
        return Optional.ofNullable(decisions.get(decisionId));
    }
}
