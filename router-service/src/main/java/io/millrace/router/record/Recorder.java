package io.millrace.router.record;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.topics.Topics;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Decisions, feedback, and corrections as training examples. */
public final class Recorder {
    private final RecordLog log;
    private final RecentDecisions recent;
    private final Topics topics;
    private final Clock clock;
    private final ObjectMapper json = new ObjectMapper();

    public Recorder(RecordLog log, RecentDecisions recent, Topics topics, Clock clock) {
        this.log = log;
        this.recent = recent;
        this.topics = topics;
        this.clock = clock;
    }

    public void decided(Decision decision) {
        recent.add(decision);
        log.send(topics.decisions(), decision.decisionId(), bytes(decision));
    }

    /**
     * Records what somebody made of an answer. A preferred text becomes an example of the adapter of greatest weight,
     * with the id {@code feedback:<decision id>}, so that saying it twice trains it once.
     *
     * @param score in [0, 1]
     * @return id of the example, where there is one: a base that answered alone learns nothing
     * @throws MillraceException {@code unknown_decision}
     */
    public Optional<String> feedback(String decisionId, Optional<Double> score, Optional<String> preferred) {
        Decision decision = recent.find(decisionId)
                .orElseThrow(() -> new MillraceException(
                        ErrorCode.UNKNOWN_DECISION,
                        "no recent decision has the id '" + decisionId
                                + "'; send the decision_id of an answer's millrace field"));
        Map<String, Object> feedback = new LinkedHashMap<>();
        feedback.put("decision_id", decisionId);
        feedback.put("time", clock.instant().toString());
        score.ifPresent(s -> feedback.put("score", s));
        preferred.ifPresent(p -> feedback.put("preferred", p));
        feedback.put("step", decision.step());
        feedback.put("adapters", decision.adapters());
        feedback.put("propensity", decision.propensity());
        log.send(topics.feedback(), decisionId, bytes(feedback));
        return preferred.flatMap(text -> decision.leading().map(part -> example(decision, part, text)));
    }

    private String example(Decision decision, Decision.Part part, String preferred) {
        String id = "feedback:" + decision.decisionId();
        Map<String, Object> example = new LinkedHashMap<>();
        example.put("adapter", part.name());
        example.put("id", id);
        example.putAll(CorrectedPrompt.withAnswer(decision.prompt(), preferred));
        log.send(topics.examples(), part.name(), bytes(example));
        return id;
    }

    private byte[] bytes(Object value) {
        try {
            return json.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("decisions and feedback can always be written as JSON", e);
        }
    }
}
