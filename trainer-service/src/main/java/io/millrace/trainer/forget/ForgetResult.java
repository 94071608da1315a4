package io.millrace.trainer.forget;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import io.millrace.topics.Topics;
import io.millrace.trainer.proof.Unprovable;
import java.util.ArrayList;
import java.util.List;

/**
 * What forgetting came to, as the API shows it.
 *
 * @param notFound ids that no recorded round has; they are refused all the same
 * @param archives that a text was erased from
 * @param topics what was deleted of them
 * @param trainedOn versions whose weights were trained on one of the examples
 * @param unprovable versions that can't be computed again any more, for these or other forgotten examples
 * @param left what this can't erase, in words
 */
record ForgetResult(
        String adapter,
        List<String> examples,
        List<String> notFound,
        int archives,
        List<ErasedRecords> topics,
        List<String> trainedOn,
        List<Unprovable> unprovable,
        List<String> left) {
    private static final ObjectMapper JSON =
            new ObjectMapper().setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE);

    /** What stays, wherever it stays. */
    static List<String> left(Topics topics, boolean keepTopics) {
        List<String> left = new ArrayList<>();
        if (keepTopics) {
            left.add("records of " + topics.examples() + ", " + topics.deadLetters() + ", " + topics.decisions()
                    + " and " + topics.feedback() + " were left: the first expire after 7 days, the others after 28");
        }
        left.add("Kafka takes deleted records off its disks when it closes their log segment (segment.ms and"
                + " segment.bytes of the broker, 7 days and 1 GiB where nothing else is set)");
        left.add("weights: versions that were trained on the examples keep what they learnt; 'rebuild --replace' makes"
                + " one that never saw them, 'adapters retire' takes the others out of service");
        left.add("a digest of each content stays in the curator's memory of ids for the dedupe window; ids stay in the"
                + " journal and in " + topics.outcomes());
        left.add("a router that runs keeps its recent decisions in memory until it is restarted");
        left.add("copies outside: backups, old object versions of a versioned bucket, whoever has read the topics");
        return left;
    }

    JsonNode json() {
        return JSON.valueToTree(this);
    }
}
