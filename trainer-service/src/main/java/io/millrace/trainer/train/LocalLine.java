package io.millrace.trainer.train;

import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSettings;
import io.millrace.core.BaseDescription;
import io.millrace.engine.train.AdapterTrainer;
import io.millrace.engine.train.TrainingModel;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.protocol.Head;
import io.millrace.trainer.protocol.JournalFold;
import io.millrace.trainer.train.Plan.Waiting;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * One adapter's line of rounds in this process, its journal in memory: the same plans, rounds and heads as those of a
 * worker, without Kafka. For one thread.
 */
public final class LocalLine implements AutoCloseable {
    private final AdapterName adapter;
    private final AdapterSettings settings;
    private final String fingerprint;
    private final Plan plan;
    private final Train train;
    private final AdapterTrainer trainer;
    private final Head genesis;
    private JournalFold fold = JournalFold.empty();
    private long nextOffset;

    /** @param archives where the rounds' examples are kept */
    public LocalLine(
            AdapterName adapter,
            AdapterSettings settings,
            BaseDescription base,
            TrainingModel model,
            Examples examples,
            Archives archives) {
        this.adapter = adapter;
        this.settings = settings;
        this.fingerprint = model.fingerprint();
        this.plan = new Plan(base, fingerprint, examples, archives);
        this.train = new Train(examples, archives);
        this.genesis = Head.genesis(adapter, Head.genesisOf(adapter, base.id(), settings.lora()), 0, -1);
        this.trainer =
                model.create(settings.lora(), genesis.state().getGenesis().getSeed());
    }

    /**
     * Trains all of them, round after round.
     *
     * @param stream what the topic of curated examples would hold, in this order
     * @return what each round came to
     */
    public List<RoundCommitted> train(List<CuratedExample> stream) {
        List<Waiting> waiting = new ArrayList<>();
        for (CuratedExample example : stream) {
            waiting.add(new Waiting(nextOffset++, example));
        }
        List<RoundCommitted> rounds = new ArrayList<>();
        while (!waiting.isEmpty()) {
            RoundPlanned planned = plan.plan(head(), settings, waiting, false);
            apply(JournalRecord.newBuilder().setRoundPlanned(planned));
            RoundCommitted commit = compute(planned);
            apply(JournalRecord.newBuilder().setRoundCommitted(commit));
            rounds.add(commit);
            waiting.removeIf(w -> w.offset() <= planned.getThrough());
        }
        return rounds;
    }

    private RoundCommitted compute(RoundPlanned planned) {
        Head head = head();
        RoundCommitted.Builder commit =
                RoundCommitted.newBuilder().setRound(planned.getRound()).setFingerprint(fingerprint);
        if (Head.fresh(planned).isEmpty()) {
            commit.setStep(head.state().getStep()).setStateSha256(head.state().getStateSha256());
        } else {
            Train.Measured measured = train.train(trainer, head.state().getStep(), planned, () -> false);
            commit.setStep(head.state().getStep() + measured.stepLosses().size())
                    .setStateSha256(trainer.stateDigest().hex())
                    .addAllLosses(measured.losses())
                    .addAllStepLosses(measured.stepLosses())
                    .addAllGradNorms(measured.gradNorms())
                    .setTokens(measured.tokens())
                    .setLabelledTokens(measured.labelledTokens());
        }
        return commit.setHeadSha256(head.after(planned, commit.build()).digest().hex())
                .build();
    }

    /** One more record of the adapter's journal. */
    public void apply(JournalRecord.Builder record) {
        fold = fold.apply(
                fold.nextOffset(),
                0,
                record.setAdapter(adapter.toString())
                        .setFoldVersion(JournalFold.FOLD_VERSION)
                        .build());
    }

    /** Empty before the first round. */
    public Optional<AdapterFold> fold() {
        return fold.adapter(adapter);
    }

    public Head head() {
        return fold().map(AdapterFold::head).orElse(genesis);
    }

    /** At the head. */
    public AdapterTrainer trainer() {
        return trainer;
    }

    @Override
    public void close() {
        trainer.close();
    }
}
