package io.millrace.trainer.protocol;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.LoraConfig;
import io.millrace.proto.internal.Hyperparameters;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.PlannedRecord;
import io.millrace.proto.internal.PlannedRecord.Disposition;
import io.millrace.proto.internal.RoundAbandoned;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.proto.internal.RoundRetried;
import java.util.List;

/** Journal records as a worker would write them on a head. */
final class Rounds {
    static final AdapterName ADAPTER = AdapterName.parse("acme/a");

    static final Hyperparameters SETTINGS = Hyperparameters.newBuilder()
            .setWarmupSteps(20)
            .setReservoirExamples(500)
            .setDriftThreshold(20)
            .build();

    private Rounds() {}

    static Head genesis() {
        return Head.genesis(ADAPTER, Head.genesisOf(ADAPTER, Digest.of("base"), LoraConfig.defaults()), 0, -1);
    }

    /** @param dispositions of the records at the next offsets */
    static RoundPlanned plan(Head head, List<Disposition> dispositions) {
        RoundPlanned.Builder plan = RoundPlanned.newBuilder()
                .setRound(head.round() + 1)
                .setFrom(head.through())
                .setThrough(head.through() + dispositions.size())
                .setArchiveSha256(Digest.of("archive " + head.digest()).hex())
                .setSeed(Seeds.ofRound(1, head.round() + 1))
                .setStartHeadSha256(head.digest().hex())
                .setHyperparameters(SETTINGS)
                .setWarmupFromStep(head.warmupFromStep())
                .setGenesis(head.state().getGenesis());
        for (int i = 0; i < dispositions.size(); i++) {
            long offset = head.through() + 1 + i;
            plan.addRecords(PlannedRecord.newBuilder()
                    .setOffset(offset)
                    .setExampleId("e" + offset)
                    .setDisposition(dispositions.get(i))
                    .setArchiveIndex(i));
        }
        return plan.build();
    }

    static RoundCommitted commit(Head head, RoundPlanned plan) {
        return commit(head, plan, 1.5);
    }

    /** @param loss of each fresh record, give or take a little */
    static RoundCommitted commit(Head head, RoundPlanned plan, double loss) {
        int fresh = Head.fresh(plan).size();
        RoundCommitted.Builder commit = RoundCommitted.newBuilder()
                .setRound(plan.getRound())
                .setStep(head.state().getStep() + fresh)
                .setStateSha256(Digest.of("state " + plan.getRound()).hex())
                .setFingerprint("f1");
        Head.fresh(plan).forEach(record -> commit.addLosses(loss + 0.1 * (commit.getLossesCount() % 3 - 1)));
        Head next = head.after(plan, commit.build());
        return commit.setHeadSha256(next.digest().hex()).build();
    }

    static JournalRecord record(RoundPlanned plan) {
        return record().setRoundPlanned(plan).build();
    }

    static JournalRecord record(RoundCommitted commit) {
        return record().setRoundCommitted(commit).build();
    }

    static JournalRecord record(RoundRetried retry) {
        return record().setRoundRetried(retry).build();
    }

    static JournalRecord record(RoundAbandoned abandoned) {
        return record().setRoundAbandoned(abandoned).build();
    }

    private static JournalRecord.Builder record() {
        return JournalRecord.newBuilder().setAdapter(ADAPTER.toString()).setFoldVersion(1);
    }
}
