package io.millrace.trainer.worker;

import io.millrace.core.ErrorCode;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.PlannedRecord;
import io.millrace.proto.internal.RoundAbandoned;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.topics.Topics;
import io.millrace.trainer.outcome.DeadLetter;
import io.millrace.trainer.outcome.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import org.apache.kafka.clients.producer.ProducerRecord;

/** The outcome of each record of a round, and dead letters for those that weren't trained. */
record Reports(Topics topics) {

    /** @param archive the plan's examples */
    List<ProducerRecord<byte[], byte[]>> of(RoundPlanned plan, List<CuratedExample> archive, RoundCommitted commit) {
        return of(plan, archive, Optional.of(commit), Optional.empty());
    }

    List<ProducerRecord<byte[], byte[]>> of(RoundPlanned plan, List<CuratedExample> archive, RoundAbandoned abandoned) {
        return of(plan, archive, Optional.empty(), Optional.of(abandoned));
    }

    private List<ProducerRecord<byte[], byte[]>> of(
            RoundPlanned plan,
            List<CuratedExample> archive,
            Optional<RoundCommitted> commit,
            Optional<RoundAbandoned> abandoned) {
        List<ProducerRecord<byte[], byte[]>> reports = new ArrayList<>();
        int fresh = 0;
        for (PlannedRecord record : plan.getRecordsList()) {
            CuratedExample example = archive.get(record.getArchiveIndex());
            switch (record.getDisposition()) {
                case FRESH -> {
                    if (commit.isPresent()) {
                        reports.add(outcome(Outcome.trained(example, trained(commit.get(), record, fresh++))));
                    } else {
                        String why = abandoned.map(RoundAbandoned::getMessage).orElse("");
                        refuse(reports, example, ErrorCode.TRAINING_FAILED, why);
                    }
                }
                case HELD_OUT -> reports.add(outcome(Outcome.heldOut(example)));
                default ->
                    refuse(
                            reports,
                            example,
                            ErrorCode.valueOf(record.getCode().toUpperCase(Locale.ROOT)),
                            record.getMessage());
            }
        }
        return reports;
    }

    private static Outcome.Trained trained(RoundCommitted commit, PlannedRecord record, int fresh) {
        return new Outcome.Trained(
                commit.getRound(),
                commit.getHeadSha256(),
                OptionalDouble.of(commit.getLosses(fresh)),
                record.getTruncated());
    }

    private void refuse(
            List<ProducerRecord<byte[], byte[]>> reports, CuratedExample example, ErrorCode code, String message) {
        reports.add(outcome(Outcome.rejected(example, code)));
        reports.add(DeadLetter.of(example, code, message).toRecord(topics.deadLetters()));
    }

    private ProducerRecord<byte[], byte[]> outcome(Outcome outcome) {
        return new ProducerRecord<>(topics.outcomes(), outcome.key(), outcome.json());
    }
}
