package io.millrace.trainer.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.trainer.worker.ModelKafka.Weakness;
import io.millrace.trainer.worker.World.Budget;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every order in which workers, Kafka and a few misfortunes can act, gone through to the end: each input record has one
 * outcome, and what a worker believes is what the journal says.
 */
class ProtocolModelTest {
    private static final List<String> TWO_ADAPTERS = List.of("t/a", "t/b", "t/a");

    @Test
    void oneWorkerThatCrashesAnywhereAndThenOnceMore() {
        explore(new World(List.of("t/a", "t/b"), 1, new Budget(2, 0, 0, 0, 0)));
    }

    @Test
    void oneWorkerThatCrashesAndGoesOnFromAnOldSnapshot() {
        explore(new World(TWO_ADAPTERS, 1, new Budget(1, 0, 0, 0, 1)));
    }

    @Test
    void oneWorkerThatIsGivenUpAndComesBackAndReadsRecordsAgain() {
        explore(new World(TWO_ADAPTERS, 1, new Budget(0, 1, 0, 1, 0)));
    }

    @Test
    void twoWorkersOfWhichOneSleepsBeyondItsSession() {
        explore(new World(List.of("t/a", "t/b"), 2, new Budget(0, 1, 0, 0, 0)));
    }

    @Test
    void twoWorkersBetweenWhichThePartitionMoves() {
        explore(new World(List.of("t/a", "t/b"), 2, new Budget(0, 0, 2, 0, 0)));
    }

    @Test
    void aMoveACrashAndASleeper() {
        explore(new World(List.of("t/a"), 2, new Budget(1, 1, 1, 0, 0)));
    }

    @Test
    void aRoundThatAlwaysFailsIsGivenUpWhateverHappensBeside() {
        explore(new World(List.of("t/poison", "t/b"), 1, new Budget(1, 0, 0, 1, 0)));
    }

    @ParameterizedTest
    @EnumSource(Weakness.class)
    void withoutOneOfKafkasGuaranteesItWouldGoWrong(Weakness weakness) {
        World world = new World(List.of("t/a", "t/b"), 2, new Budget(1, 1, 0, 0, 0), weakness);

        assertThatThrownBy(() -> explore(world))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("w1");
    }

    private static void explore(World world) {
        Explorer explorer = new Explorer();
        explorer.explore(world);
        assertThat(explorer.states()).as("states gone through").isGreaterThan(100);
        assertThat(explorer.ends()).as("of which nothing more was to do").isPositive();
    }
}
