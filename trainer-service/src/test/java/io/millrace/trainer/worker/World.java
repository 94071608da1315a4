package io.millrace.trainer.worker;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.LoraConfig;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.InputRecord;
import io.millrace.proto.internal.PlannedRecord;
import io.millrace.proto.internal.PlannedRecord.Disposition;
import io.millrace.proto.internal.RoundAbandoned;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.proto.internal.RoundRetried;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.protocol.Head;
import io.millrace.trainer.protocol.JournalFold;
import io.millrace.trainer.protocol.Round;
import io.millrace.trainer.train.Plan.Waiting;
import io.millrace.trainer.worker.ModelProcess.Activity;
import io.millrace.trainer.worker.ModelProcess.Recovery;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Kafka and some processes at one moment, and all that can happen next. */
final class World {
    private static final String POISON = "poison";
    private static final int ROUND = 2;

    /** Something that can happen. */
    record Action(String name, Consumer<World> effect) {}

    /**
     * Misfortunes that may still happen.
     *
     * @param crashes ends of a process
     * @param pauses so long that the group gives a process up, or the coordinator its transaction
     * @param moves of the partition to another process
     * @param rereads of records that were delivered before
     * @param snapshots stored
     */
    record Budget(int crashes, int pauses, int moves, int rereads, int snapshots) {}

    /** The curated records, by offset: the adapter that each is of; {@code poison} can't be trained. */
    private final List<String> curated;

    final ModelKafka kafka;
    final List<ModelProcess> processes;
    private Budget budget;

    World(List<String> curated, int processes, Budget budget, ModelKafka.Weakness... weaknesses) {
        this.curated = curated;
        this.kafka = new ModelKafka(java.util.Set.copyOf(Arrays.asList(weaknesses)));
        this.processes = new ArrayList<>();
        for (int p = 1; p <= processes; p++) {
            this.processes.add(new ModelProcess("w" + p));
        }
        this.budget = budget;
    }

    private World(World other) {
        this.curated = other.curated;
        this.kafka = other.kafka.copy();
        this.processes = other.processes.stream().map(ModelProcess::copy).collect(java.util.stream.Collectors.toList());
        this.budget = other.budget;
    }

    World after(Action action) {
        World next = new World(this);
        action.effect().accept(next);
        return next;
    }

    List<String> curated() {
        return curated;
    }

    String key() {
        StringBuilder key = new StringBuilder(kafka.key()).append(budget);
        processes.forEach(p -> key.append(p.key(kafka)));
        return key.toString();
    }

    /** What the processes and Kafka do by themselves. */
    List<Action> steps() {
        List<Action> actions = new ArrayList<>();
        for (int i = 0; i < processes.size(); i++) {
            steps(i, actions);
        }
        return actions;
    }

    /** What may befall them. */
    List<Action> misfortunes() {
        List<Action> actions = new ArrayList<>();
        for (int i = 0; i < processes.size(); i++) {
            misfortunes(i, actions);
        }
        return actions;
    }

    private static void add(
            List<Action> actions, int i, String what, java.util.function.BiConsumer<World, ModelProcess> effect) {
        actions.add(new Action("w" + (i + 1) + " " + what, world -> {
            ModelProcess process = world.processes.get(i);
            try {
                effect.accept(world, process);
            } catch (ModelKafka.FencedException e) {
                process.start(world.kafka);
            } catch (ModelKafka.StaleException e) {
                world.kafka.abort(((Activity.Open) process.activity).txn());
                process.activity = new Activity.Idle();
                process.mustPoll = true;
            }
        }));
    }

    private void steps(int i, List<Action> actions) {
        ModelProcess p = processes.get(i);
        if (!p.alive) {
            add(actions, i, "starts", (w, q) -> q.start(w.kafka));
            if (kafka.open(p.name).isPresent()) {
                add(
                        actions,
                        i,
                        "has left a transaction that times out",
                        (w, q) -> w.kafka.timeOut((int) w.kafka.open(q.name).getAsLong()));
            }
            return;
        }
        if (!p.joined) {
            add(actions, i, "joins", (w, q) -> {
                q.generation = w.kafka.join(q.name, q.incarnation);
                q.joined = true;
            });
            return;
        }
        if (p.betweenTurns() && groupHasNews(p)) {
            add(actions, i, "hears from the group", World::pollGroup);
        }
        if (!p.assigned) {
            return;
        }
        recovery(i, p, actions);
        if (p.recovery == Recovery.DONE && p.betweenTurns() && !p.revoked && p.position < curated.size()) {
            add(actions, i, "reads record " + p.position, (w, q) -> {
                q.accept(q.position, w.example((int) q.position));
                q.position++;
            });
        }
        if (p.recovery == Recovery.DONE && p.idle() && !p.mustPoll) {
            compute(i, p, actions);
        }
        write(i, p, actions);
    }

    private void recovery(int i, ModelProcess p, List<Action> actions) {
        if (p.position < 0 && kafka.offsetStable()) {
            add(actions, i, "fetches its position", (w, q) -> q.position = w.kafka.committed());
        }
        if (p.recovery == Recovery.BEGUN && kafka.offsetStable()) {
            add(actions, i, "sees no pending offsets", (w, q) -> q.recovery = Recovery.OFFSETS_STABLE);
        }
        if (p.recovery == Recovery.OFFSETS_STABLE) {
            add(actions, i, "takes the journal's end", (w, q) -> {
                q.recovery = Recovery.END_KNOWN;
                q.recoveryEnd = w.kafka.journalEnd();
            });
        }
        if (p.recovery == Recovery.END_KNOWN && p.position >= 0 && kafka.readable(p.recoveryEnd)) {
            add(
                    actions,
                    i,
                    "has read the journal",
                    (w, q) -> q.recovered(w.kafka.fold(
                            w.kafka.snapshot().orElse(JournalFold.empty()), q.recoveryEnd, ModelProcess.NOW_MS)));
        }
    }

    private void compute(int i, ModelProcess p, List<Action> actions) {
        if (p.revoked) {
            if (p.lastWords.isEmpty()) {
                add(actions, i, "gives the partition up", (w, q) -> {
                    q.forgetPartition();
                    w.kafka.release();
                    q.generation = w.kafka.generation();
                });
            } else {
                add(actions, i, "hands a round over", (w, q) -> {
                    q.activity = new Activity.Computed(q.lastWords.get(0));
                    q.lastWords = q.lastWords.subList(1, q.lastWords.size());
                });
            }
            return;
        }
        for (Lane lane : p.shard().lanes()) {
            AdapterName adapter = lane.adapter();
            p.due(lane).ifPresent(step -> add(actions, i, step + " " + adapter, (w, q) -> w.take(q, adapter, step)));
        }
    }

    private void take(ModelProcess p, AdapterName adapter, Due.Step step) {
        Lane lane = p.shard().lane(adapter);
        if (step == Due.Step.TRAIN && adapter.toString().contains(POISON)) {
            p.failed(adapter);
            return;
        }
        p.activity = new Activity.Computed(proposal(lane, step));
    }

    private void write(int i, ModelProcess p, List<Action> actions) {
        if (p.activity instanceof Activity.Computed computed) {
            add(actions, i, "begins to write", (w, q) -> {
                Proposal proposal = computed.proposal();
                Shard.Next next = q.shard().after(proposal.events(), ModelProcess.NOW_MS, q.position);
                q.activity = new Activity.Open(proposal, w.kafka.begin(q.name, q.epoch), next, false, false);
            });
        } else if (p.activity instanceof Activity.Open open) {
            if (!open.appended()) {
                add(actions, i, "appends its records", (w, q) -> {
                    w.kafka.append(open.txn(), open.proposal().events());
                    q.activity = new Activity.Open(open.proposal(), open.txn(), open.next(), true, open.reported());
                });
            }
            if (!open.reported()) {
                add(actions, i, "adds offset " + open.next().uncovered(), (w, q) -> {
                    List<Long> outcomes = outcomes(open.proposal(), q.shard());
                    w.kafka.report(open.txn(), outcomes, open.next().uncovered(), q.name, q.incarnation, q.generation);
                    q.activity = new Activity.Open(open.proposal(), open.txn(), open.next(), open.appended(), true);
                });
            }
            if (open.appended() && open.reported()) {
                add(actions, i, "commits", (w, q) -> {
                    long end = w.kafka.commit(open.txn());
                    q.activity = new Activity.Idle();
                    q.written(open.proposal().adapter(), open.next(), end);
                });
            }
        }
    }

    private boolean groupHasNews(ModelProcess p) {
        return !kafka.member(p.name, p.incarnation)
                || p.generation != kafka.generation()
                || p.mustPoll
                || (kafka.owner().equals(p.name) && !p.assigned)
                || (p.assigned && !p.revoked && !kafka.wanted().equals(p.name));
    }

    private static void pollGroup(World world, ModelProcess p) {
        ModelKafka kafka = world.kafka;
        p.mustPoll = false;
        if (!kafka.member(p.name, p.incarnation)) {
            p.forgetPartition();
            p.joined = false;
            return;
        }
        p.generation = kafka.generation();
        if (kafka.owner().equals(p.name) && !p.assigned) {
            p.assign();
        } else if (p.assigned && !kafka.owner().equals(p.name)) {
            p.forgetPartition();
        } else if (p.assigned && !p.revoked && !kafka.wanted().equals(p.name)) {
            p.revoke();
        }
    }

    private void misfortunes(int i, List<Action> actions) {
        ModelProcess p = processes.get(i);
        boolean member = kafka.members().contains(p.name);
        if (p.alive && budget.crashes() > 0) {
            add(actions, i, "crashes", (w, q) -> {
                w.spend(1, 0, 0, 0, 0);
                q.crash();
            });
        }
        if (member && budget.pauses() > 0) {
            add(actions, i, "is given up by the group", (w, q) -> {
                w.spend(0, 1, 0, 0, 0);
                w.kafka.expel(q.name);
            });
        }
        if (p.alive && kafka.open(p.name).isPresent() && budget.pauses() > 0) {
            add(actions, i, "sleeps until its transaction times out", (w, q) -> {
                w.spend(0, 1, 0, 0, 0);
                w.kafka.timeOut((int) w.kafka.open(q.name).getAsLong());
            });
        }
        if (member
                && budget.moves() > 0
                && !kafka.owner().isEmpty()
                && !kafka.owner().equals(p.name)
                && kafka.wanted().equals(kafka.owner())) {
            add(actions, i, "is to have the partition", (w, q) -> {
                w.spend(0, 0, 1, 0, 0);
                w.kafka.want(q.name);
            });
        }
        if (p.recovery == Recovery.DONE && p.betweenTurns() && budget.rereads() > 0 && p.position > kafka.committed()) {
            add(actions, i, "is delivered records again", (w, q) -> {
                w.spend(0, 0, 0, 1, 0);
                for (long offset = w.kafka.committed(); offset < q.position; offset++) {
                    q.accept(offset, w.example((int) offset));
                }
            });
        }
        if (p.recovery == Recovery.DONE && budget.snapshots() > 0) {
            add(actions, i, "stores a snapshot", (w, q) -> {
                w.spend(0, 0, 0, 0, 1);
                w.kafka.snapshot(q.shard().fold());
            });
        }
    }

    private void spend(int crashes, int pauses, int moves, int rereads, int snapshots) {
        budget = new Budget(
                budget.crashes() - crashes,
                budget.pauses() - pauses,
                budget.moves() - moves,
                budget.rereads() - rereads,
                budget.snapshots() - snapshots);
    }

    private CuratedExample example(int offset) {
        return CuratedExample.newBuilder()
                .setAdapter(curated.get(offset))
                .setExampleId("e" + offset)
                .setSource(InputRecord.newBuilder().setOffset(offset))
                .build();
    }

    // The steps' results: bits that depend on the plan alone.

    private static Proposal proposal(Lane lane, Due.Step step) {
        AdapterName adapter = lane.adapter();
        Optional<Round.Planned> round = lane.fold().flatMap(AdapterFold::pending);
        return Proposal.of(
                adapter,
                List.of(
                        switch (step) {
                            case PLAN -> Events.planned(adapter, plan(lane));
                            case TRAIN -> Events.committed(adapter, commit(round.orElseThrow()));
                            case RETRY ->
                                Events.retried(
                                        adapter,
                                        RoundRetried.newBuilder()
                                                .setRound(round.orElseThrow()
                                                        .plan()
                                                        .getRound())
                                                .setAttempt(round.orElseThrow().nextAttempt())
                                                .build());
                            case ABANDON ->
                                Events.abandoned(
                                        adapter,
                                        RoundAbandoned.newBuilder()
                                                .setRound(round.orElseThrow()
                                                        .plan()
                                                        .getRound())
                                                .build());
                            case CUT -> throw new AssertionError("no version is due here");
                        }));
    }

    private static RoundPlanned plan(Lane lane) {
        Head head = lane.fold()
                .map(AdapterFold::head)
                .orElseGet(() -> Head.genesis(
                        lane.adapter(),
                        Head.genesisOf(lane.adapter(), Digest.of("base"), LoraConfig.defaults()),
                        0,
                        -1));
        List<Waiting> taken = lane.firstWaiting(ROUND);
        RoundPlanned.Builder plan = RoundPlanned.newBuilder()
                .setRound(head.round() + 1)
                .setFrom(head.through())
                .setThrough(taken.get(taken.size() - 1).offset())
                .setStartHeadSha256(head.digest().hex())
                .setGenesis(head.state().getGenesis());
        taken.forEach(record -> plan.addRecords(PlannedRecord.newBuilder()
                .setOffset(record.offset())
                .setExampleId(record.example().getExampleId())
                .setArchiveIndex(plan.getRecordsCount())
                .setDisposition(Disposition.FRESH)));
        return plan.build();
    }

    private static RoundCommitted commit(Round.Planned round) {
        RoundCommitted.Builder commit = RoundCommitted.newBuilder()
                .setRound(round.plan().getRound())
                .setStep(round.head().state().getStep() + 1)
                .setStateSha256(Digest.of(round.plan().toByteArray()).hex());
        return commit.setHeadSha256(round.head()
                        .after(round.plan(), commit.build())
                        .digest()
                        .hex())
                .build();
    }

    /** Offsets of the records whose outcome comes true with a proposal. */
    private static List<Long> outcomes(Proposal proposal, Shard shard) {
        boolean ends = proposal.events().stream().anyMatch(e -> e.hasRoundCommitted() || e.hasRoundAbandoned());
        return !ends
                ? List.of()
                : shard
                        .lane(proposal.adapter())
                        .fold()
                        .flatMap(AdapterFold::pending)
                        .orElseThrow()
                        .plan()
                        .getRecordsList()
                        .stream()
                        .map(PlannedRecord::getOffset)
                        .toList();
    }
}
