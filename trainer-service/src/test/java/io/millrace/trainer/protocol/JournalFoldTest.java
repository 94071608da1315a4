package io.millrace.trainer.protocol;

import static io.millrace.trainer.protocol.Rounds.ADAPTER;
import static io.millrace.trainer.protocol.Rounds.record;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.CheckpointStored;
import io.millrace.proto.internal.ExampleRef;
import io.millrace.proto.internal.ExamplesForgotten;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.JournalSnapshot;
import io.millrace.proto.internal.PlannedRecord.Disposition;
import io.millrace.proto.internal.RoundAbandoned;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.proto.internal.RoundRebased;
import io.millrace.proto.internal.RoundRetried;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class JournalFoldTest {
    private static final List<Disposition> TWO_FRESH = List.of(Disposition.FRESH, Disposition.FRESH);

    /** What happens to one round after its plan. */
    enum Fate {
        COMMITTED,
        RETRIED_THEN_COMMITTED,
        ABANDONED
    }

    record Step(List<Disposition> records, Fate fate, boolean zombiePlans, boolean commitTwice) {}

    @Provide
    Arbitrary<List<Step>> histories() {
        Arbitrary<List<Disposition>> records = Arbitraries.of(
                        Disposition.FRESH, Disposition.HELD_OUT, Disposition.REJECTED)
                .list()
                .ofMinSize(1)
                .ofMaxSize(6);
        return Combinators.combine(
                        records, Arbitraries.of(Fate.class), Arbitraries.of(true, false), Arbitraries.of(true, false))
                .as(Step::new)
                .list()
                .ofMinSize(1)
                .ofMaxSize(12);
    }

    /** The journal of a history, with what workers write that lost the partition. */
    private static List<JournalRecord> journal(List<Step> history) {
        List<JournalRecord> journal = new ArrayList<>();
        Head head = Rounds.genesis();
        for (Step step : history) {
            RoundPlanned plan = Rounds.plan(head, step.records());
            journal.add(record(plan));
            if (step.zombiePlans()) {
                journal.add(record(Rounds.plan(head, TWO_FRESH)));
            }
            if (step.fate() == Fate.RETRIED_THEN_COMMITTED) {
                journal.add(record(RoundRetried.newBuilder()
                        .setRound(plan.getRound())
                        .setAttempt(1)
                        .build()));
            }
            if (step.fate() == Fate.ABANDONED) {
                journal.add(record(
                        RoundAbandoned.newBuilder().setRound(plan.getRound()).build()));
                head = head.afterAbandoned(plan);
            } else {
                RoundCommitted commit = Rounds.commit(head, plan);
                journal.add(record(commit));
                if (step.commitTwice()) {
                    journal.add(record(commit));
                }
                head = head.after(plan, commit);
            }
        }
        return journal;
    }

    private static JournalFold fold(JournalFold from, List<JournalRecord> journal) {
        JournalFold fold = from;
        for (JournalRecord record : journal) {
            fold = fold.apply(fold.nextOffset(), 1_000 + fold.nextOffset(), record);
        }
        return fold;
    }

    @Property(tries = 200)
    void everyRecordIsCoveredOnceWhateverZombiesWrite(@ForAll("histories") List<Step> history) {
        Head head = fold(JournalFold.empty(), journal(history))
                .adapter(ADAPTER)
                .orElseThrow()
                .head();

        long all = history.stream().mapToLong(s -> s.records().size()).sum();
        long trained = history.stream()
                .filter(s -> s.fate() != Fate.ABANDONED)
                .flatMap(s -> s.records().stream())
                .filter(d -> d == Disposition.FRESH)
                .count();
        assertThat(head.through()).isEqualTo(all - 1);
        assertThat(head.round()).isEqualTo(history.size());
        assertThat(head.state().getExamples()).isEqualTo(trained);
        assertThat(head.state().getReservoirList()).hasSize((int) trained);
    }

    @Property(tries = 200)
    void aSnapshotStandsForTheRecordsBeforeIt(@ForAll("histories") List<Step> history, @ForAll Random random)
            throws IOException {
        List<JournalRecord> journal = journal(history);
        int cut = random.nextInt(journal.size() + 1);

        JournalFold before = fold(JournalFold.empty(), journal.subList(0, cut));
        JournalFold restored =
                JournalFold.of(JournalSnapshot.parseFrom(before.toSnapshot().toByteArray()));

        assertThat(restored).isEqualTo(before);
        assertThat(fold(restored, journal.subList(cut, journal.size()))).isEqualTo(fold(JournalFold.empty(), journal));
    }

    @Property(tries = 50)
    void theReservoirDoesNotDependOnTheOrderOfArrival(@ForAll Random random) {
        List<Integer> sizes = new ArrayList<>(List.of(1, 5, 300, 7, 400, 100));
        List<String> first = reservoir(sizes);
        Collections.shuffle(sizes, random);

        assertThat(reservoir(sizes)).isEqualTo(first).hasSize(Rounds.SETTINGS.getReservoirExamples());
    }

    /** The example ids that stay, after rounds of these sizes over the same examples. */
    private static List<String> reservoir(List<Integer> sizes) {
        Head head = Rounds.genesis();
        for (int size : sizes) {
            RoundPlanned plan = Rounds.plan(head, Collections.nCopies(size, Disposition.FRESH));
            head = head.after(plan, Rounds.commit(head, plan));
        }
        return head.state().getReservoirList().stream()
                .map(ExampleRef::getExampleId)
                .toList();
    }

    @Test
    void theHeldOutSetRolls() {
        Head head = Rounds.genesis();
        RoundPlanned plan = Rounds.plan(head, Collections.nCopies(Head.HELD_OUT_EXAMPLES + 3, Disposition.HELD_OUT));

        Head next = head.after(plan, Rounds.commit(head, plan));

        assertThat(next.state().getHeldOutList())
                .hasSize(Head.HELD_OUT_EXAMPLES)
                .first()
                .extracting(ExampleRef::getExampleId)
                .isEqualTo("e3");
    }

    @Test
    void theFirstHeldOutExamplesStayAsTheReferenceSet() {
        Head head = Rounds.genesis();
        for (int round = 0; round < 4; round++) {
            head = next(head, Collections.nCopies(Head.REFERENCE_EXAMPLES / 2 + 3, Disposition.HELD_OUT), 1.5);
        }

        List<ExampleRef> reference = head.state().getReferenceList();
        assertThat(reference).hasSize(Head.REFERENCE_EXAMPLES);
        assertThat(reference.get(0).getExampleId()).isEqualTo("e0");
        assertThat(reference.get(Head.REFERENCE_EXAMPLES - 1).getExampleId())
                .isEqualTo("e" + (Head.REFERENCE_EXAMPLES - 1));
        assertThat(head.state().getHeldOutList()).doesNotContainAnyElementsOf(reference);
    }

    @Test
    void aRiseOfTheLossIsAShiftAndAFallIsNone() {
        List<Disposition> round = Collections.nCopies(32, Disposition.FRESH);
        Head head = Rounds.genesis();
        for (double loss : new double[] {5, 3, 2, 1, 1, 1}) {
            head = next(head, round, loss);
        }
        assertThat(head.state().getShifts()).isZero();
        assertThat(head.shiftedWithin(10)).isFalse();

        Head shifted = next(head, round, 4);

        assertThat(shifted.state().getShifts()).isEqualTo(1);
        assertThat(shifted.warmupFromStep()).isEqualTo(shifted.state().getStep());
        Head later = shifted;
        for (int i = 0; i < 10; i++) {
            assertThat(later.shiftedWithin(10)).isTrue();
            later = next(later, round, 4);
        }
        assertThat(later.shiftedWithin(10)).isFalse();
        assertThat(later.state().getShifts()).isEqualTo(1);
        assertThat(later.warmupFromStep()).isEqualTo(shifted.state().getStep());
    }

    private static Head next(Head head, List<Disposition> records, double loss) {
        RoundPlanned plan = Rounds.plan(head, records);
        return head.after(plan, Rounds.commit(head, plan, loss));
    }

    @Test
    void headsOfTheFirstReleasesKeepTheirDigests() {
        List<Disposition> records = List.of(Disposition.FRESH, Disposition.HELD_OUT);
        Head head = Rounds.genesis();
        RoundPlanned plan =
                Rounds.plan(head, records).toBuilder().clearHyperparameters().build();

        Head next = head.after(plan, Rounds.commit(head, plan));

        assertThat(next.state().getReferenceList()).isEmpty();
        assertThat(next.state().hasDrift()).isFalse();
        assertThat(next.digest().hex()).isEqualTo("d31c10879331ad3bb16eda47996b54ea201d310d38634a12024f6824760509eb");
    }

    @Test
    void aPlanThatStartsFromAnotherHeadIsRefused() {
        Head head = Rounds.genesis();
        RoundPlanned plan = Rounds.plan(head, TWO_FRESH);
        JournalFold fold = fold(JournalFold.empty(), List.of(record(plan), record(Rounds.commit(head, plan))));
        Head next = fold.adapter(ADAPTER).orElseThrow().head();
        RoundPlanned wrong = Rounds.plan(next, TWO_FRESH).toBuilder()
                .setStartHeadSha256(head.digest().hex())
                .build();

        assertThatThrownBy(() -> fold(fold, List.of(record(wrong))))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("starts from another head")
                .extracting(e -> ((MillraceException) e).code())
                .isEqualTo(ErrorCode.INCOMPATIBLE_LOG);
    }

    @Test
    void aCommitMustLeadToTheHeadItNames() {
        Head head = Rounds.genesis();
        RoundPlanned plan = Rounds.plan(head, TWO_FRESH);
        RoundCommitted wrong = Rounds.commit(head, plan).toBuilder()
                .setStateSha256(Digest.of("other").hex())
                .build();

        assertThatThrownBy(() -> fold(JournalFold.empty(), List.of(record(plan), record(wrong))))
                .hasMessageContaining("its commit says");
    }

    @Test
    void retriesAreCountedUnlessTheRoundWasHandedOver() {
        Head head = Rounds.genesis();
        RoundPlanned plan = Rounds.plan(head, TWO_FRESH);
        List<JournalRecord> journal = new ArrayList<>(List.of(record(plan)));
        for (int attempt = 1; attempt <= Round.MAX_RETRIES; attempt++) {
            journal.add(record(
                    RoundRetried.newBuilder().setRound(1).setAttempt(attempt).build()));
        }
        Round.Planned exhausted = pending(journal);
        journal.add(record(RoundRetried.newBuilder()
                .setRound(1)
                .setAttempt(Round.MAX_RETRIES)
                .setHandedOver(true)
                .build()));
        Round.Planned handedOver = pending(journal);

        assertThat(exhausted.exhausted()).isTrue();
        assertThat(handedOver.exhausted()).isFalse();
        assertThat(handedOver.nextAttempt()).isEqualTo(Round.MAX_RETRIES);
    }

    private static Round.Planned pending(List<JournalRecord> journal) {
        return fold(JournalFold.empty(), journal)
                .adapter(ADAPTER)
                .flatMap(AdapterFold::pending)
                .orElseThrow();
    }

    @Test
    void aRebaseChangesTheBitsAndNothingElse() {
        Head head = Rounds.genesis();
        RoundPlanned plan = Rounds.plan(head, TWO_FRESH);
        JournalFold fold = fold(JournalFold.empty(), List.of(record(plan), record(Rounds.commit(head, plan))));
        Head old = fold.adapter(ADAPTER).orElseThrow().head();
        Digest state = Digest.of("other processor");
        JournalRecord rebase = JournalRecord.newBuilder()
                .setAdapter(ADAPTER.toString())
                .setRoundRebased(RoundRebased.newBuilder()
                        .setRound(1)
                        .setOldHeadSha256(old.digest().hex())
                        .setNewHeadSha256(old.rebased(state).digest().hex())
                        .setNewStateSha256(state.hex())
                        .setNewFingerprint("f2"))
                .build();

        AdapterFold rebased =
                fold(fold, List.of(rebase, rebase)).adapter(ADAPTER).orElseThrow();

        assertThat(rebased.head()).isEqualTo(old.rebased(state));
        assertThat(rebased.fingerprint()).isEqualTo("f2");
        assertThat(rebased.head().through()).isEqualTo(old.through());
    }

    @Test
    void aRecordOfANewerReleaseStopsTheReader() {
        JournalRecord newer = record(Rounds.plan(Rounds.genesis(), TWO_FRESH)).toBuilder()
                .setFoldVersion(JournalFold.FOLD_VERSION + 1)
                .build();

        assertThatThrownBy(() -> fold(JournalFold.empty(), List.of(newer))).hasMessageContaining("upgrade");
    }

    private static JournalRecord forgotten(Head head, String... ids) {
        return JournalRecord.newBuilder()
                .setAdapter(ADAPTER.toString())
                .setFoldVersion(JournalFold.FOLD_VERSION)
                .setExamplesForgotten(ExamplesForgotten.newBuilder()
                        .addAllExampleIds(List.of(ids))
                        .setOldHeadSha256(head.digest().hex())
                        .setStateBlobSha256(Digest.of("stored").hex())
                        .setFingerprint("f1"))
                .build();
    }

    @Test
    void whatIsForgottenLeavesEverySetAndTheHeadIsStored() {
        Step step = new Step(
                List.of(Disposition.FRESH, Disposition.HELD_OUT, Disposition.FRESH), Fate.COMMITTED, false, false);
        JournalFold before = fold(JournalFold.empty(), journal(List.of(step)));
        AdapterFold was = before.adapter(ADAPTER).orElseThrow();

        JournalFold after = fold(before, List.of(forgotten(was.head(), "e0", "e1", "never sent")));

        AdapterFold is = after.adapter(ADAPTER).orElseThrow();
        assertThat(is.head().state().getReservoirList())
                .extracting(ExampleRef::getExampleId)
                .containsExactly("e2");
        assertThat(is.head().state().getHeldOutList()).isEmpty();
        assertThat(is.head().state().getReferenceList()).isEmpty();
        assertThat(is.head().refusedIds()).containsExactly("e0", "e1", "never sent");
        assertThat(is.head().stateDigest()).isEqualTo(was.head().stateDigest());
        assertThat(is.head().through()).isEqualTo(was.head().through());
        assertThat(is.computed()).isEmpty();
        assertThat(is.sinceCut()).isEqualTo(was.sinceCut());
        assertThat(is.checkpoints()).hasSize(1).allMatch(CheckpointStored::getBeginsStretch);
        assertThat(is.lastCheckpoint().orElseThrow().getHead())
                .isEqualTo(is.head().state());
        assertThat(JournalFold.of(after.toSnapshot())).isEqualTo(after);
        // And the next round starts from there
        JournalFold next = fold(after, List.of(record(Rounds.plan(is.head(), TWO_FRESH))));
        assertThat(next.adapter(ADAPTER).orElseThrow().pending()).isPresent();
    }

    @Test
    void nothingIsForgottenAtAnotherHeadOrWithinARound() {
        JournalFold before =
                fold(JournalFold.empty(), journal(List.of(new Step(TWO_FRESH, Fate.COMMITTED, false, false))));
        Head head = before.adapter(ADAPTER).orElseThrow().head();
        JournalRecord event = forgotten(head, "e0");
        JournalFold planned = fold(before, List.of(record(Rounds.plan(head, TWO_FRESH))));
        JournalFold forgotten = fold(before, List.of(event));

        assertThat(fold(planned, List.of(event)).adapters()).isEqualTo(planned.adapters());
        assertThat(fold(forgotten, List.of(event)).adapters()).isEqualTo(forgotten.adapters());
    }
}
