package io.millrace.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.protobuf.ByteString;
import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSettings;
import io.millrace.core.ExampleParser;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.engine.train.AdapterTrainer;
import io.millrace.engine.train.StepOptions;
import io.millrace.engine.train.StepResult;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.store.MemoryBlobStore;
import io.millrace.trainer.Engines;
import io.millrace.trainer.ForwardingTrainer;
import io.millrace.trainer.protocol.Head;
import io.millrace.trainer.train.Plan.Waiting;
import io.millrace.trainer.worker.Engine;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a plan fixes of the learning rate and of what is trained again, and that training follows it. */
class PlanTest {
    private static final AdapterName ADAPTER = AdapterName.parse("acme/a");
    private static final AdapterSettings SETTINGS = AdapterSettings.of(Map.of(
            "lr", "0.001", "warmup-steps", "4", "round.max-examples", "16", "micro-batch", "4", "replay", "0.25"));

    @TempDir
    static Path directory;

    private static Engine engine;

    private final MemoryBlobStore store = new MemoryBlobStore();
    private final Archives archives = new Archives(store);

    @BeforeAll
    static void open() {
        engine = new Engines(directory, "nano", "cpu", 1, "f32").open();
    }

    @AfterAll
    static void close() {
        engine.close();
    }

    /** The real trainer, noting at which learning rate and of how many rows each step was asked for. */
    private record Noting(AdapterTrainer trainer, List<Double> rates, List<Integer> rows) implements ForwardingTrainer {
        @Override
        public StepResult step(List<TrainingSequence> sequences, StepOptions options) {
            rates.add(options.learningRate());
            rows.add(sequences.size());
            return trainer.step(sequences, options);
        }
    }

    private Examples examples() {
        return new Examples(new ExampleParser(1 << 20)::parse, engine.encoder());
    }

    private Plan plan() {
        return new Plan(engine.base(), engine.model().fingerprint(), examples(), archives);
    }

    private static Head genesis() {
        return Head.genesis(ADAPTER, Head.genesisOf(ADAPTER, engine.base().id(), SETTINGS.lora()), 0, -1);
    }

    private static List<Waiting> waiting(Head head) {
        return IntStream.range(0, 16)
                .mapToObj(i -> example((int) head.through() + 1 + i))
                .toList();
    }

    private static Waiting example(int i) {
        return new Waiting(
                i,
                CuratedExample.newBuilder()
                        .setExampleId("e" + i)
                        .setRecord(ByteString.copyFrom(
                                "{\"adapter\":\"acme/a\",\"prompt\":\"p" + i + "\",\"completion\":\"c" + i % 7 + "\"}",
                                StandardCharsets.UTF_8))
                        .build());
    }

    /** The head after a round of 16 examples in 4 steps, all of this loss. */
    private static Head after(Head head, RoundPlanned plan, double loss) {
        RoundCommitted.Builder commit = RoundCommitted.newBuilder()
                .setRound(plan.getRound())
                .setStep(head.state().getStep() + 4);
        for (int i = 0; i < 16; i++) {
            commit.addLosses(loss + 0.01 * (i % 3));
        }
        return head.after(plan, commit.build());
    }

    private List<Double> rates(Head head, RoundPlanned plan) {
        return trained(head, plan).rates();
    }

    private Noting trained(Head head, RoundPlanned plan) {
        try (Noting trainer = new Noting(
                engine.model()
                        .create(Head.lora(plan.getGenesis()), plan.getGenesis().getSeed()),
                new ArrayList<>(),
                new ArrayList<>())) {
            var unused =
                    new Train(examples(), archives).train(trainer, head.state().getStep(), plan, () -> false);
            return trainer;
        }
    }

    @Test
    void theLearningRateRisesOnceAndAgainAfterIdleness() {
        Head head = genesis();
        RoundPlanned first = plan().plan(head, SETTINGS, waiting(head), false);
        assertThat(rates(head, first)).containsExactly(0.00025, 0.0005, 0.00075, 0.001);

        Head second = after(head, first, 1);
        RoundPlanned busy = plan().plan(second, SETTINGS, waiting(second), false);
        assertThat(rates(second, busy)).containsOnly(0.001);

        RoundPlanned idle = plan().plan(second, SETTINGS, waiting(second), true);
        assertThat(idle.getAfterIdle()).isTrue();
        assertThat(rates(second, idle).subList(0, 4)).containsExactly(0.00025, 0.0005, 0.00075, 0.001);
        assertThat(after(second, idle, 1).warmupFromStep()).isEqualTo(4);
    }

    @Test
    void afterAShiftTheRateRisesAnewAndMoreIsTrainedAgain() {
        Head head = genesis();
        for (int round = 0; round < 4; round++) {
            head = after(head, plan().plan(head, SETTINGS, waiting(head), false), 1);
        }
        RoundPlanned before = plan().plan(head, SETTINGS, waiting(head), false);
        assertThat(before.getReplayedCount()).isEqualTo(4);

        Head shifted = after(head, before, 5);
        RoundPlanned plan = plan().plan(shifted, SETTINGS, waiting(shifted), false);

        assertThat(plan.getReplayedCount()).isEqualTo(8);
        assertThat(plan.getReplayShare()).isEqualTo(0.5);
        assertThat(rates(shifted, plan).get(0)).isEqualTo(0.00025, within(1e-12));
        AdapterSettings off = SETTINGS.with("drift.threshold", "off");
        assertThat(after(head, plan().plan(head, off, waiting(head), false), 5).warmupFromStep())
                .isZero();
    }

    @Test
    void theLastStepOfARoundIsFilledWithReplaysOrSharesItsRows() {
        Head head = genesis();
        head = after(head, plan().plan(head, SETTINGS, waiting(head), false), 1);
        AdapterSettings tenth = SETTINGS.with("replay", "0.1").with("micro-batch", "8");

        RoundPlanned whole = plan().plan(head, tenth, waiting(head), false);
        assertThat(whole.getReplayedCount()).isEqualTo(8);
        assertThat(trained(head, whole).rows()).containsExactly(8, 8, 8);

        RoundPlanned few = plan().plan(head, tenth, waiting(head).subList(0, 2), false);
        assertThat(few.getReplayedCount()).isEqualTo(2);
        assertThat(trained(head, few).rows()).containsExactly(4);

        AdapterSettings none = tenth.with("replay", "0");
        RoundPlanned plain = plan().plan(head, none, waiting(head).subList(0, 10), false);
        assertThat(plain.getReplayedCount()).isZero();
        assertThat(trained(head, plain).rows()).containsExactly(5, 5);
    }
}
