package io.millrace.engine.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.concurrent.ExecutorService;
import org.junit.jupiter.api.Test;

class ComputeThreadTest {
    @Test
    void onlyItsOperatorsUseSeveralProcessors() {
        assertThat(ComputeThread.threads(4)).isEqualTo(1);
        assertThat(ComputeThread.<Integer, RuntimeException>call(() -> ComputeThread.threads(4)))
                .isEqualTo(4);
    }

    @Test
    void anExecutorsThreadEndsWhereWorkPausesAndComesBack() throws Exception {
        ExecutorService executor = ComputeThread.executor("compute-test");
        try {
            // Given a thread that has computed something
            Thread first = executor.submit(Thread::currentThread).get();

            // When there is nothing to do for a while
            first.join(20_000);

            // Then it has ended, with the helpers that it had, and more work gets another one
            assertThat(first.isAlive()).isFalse();
            Thread second = executor.submit(Thread::currentThread).get();
            assertThat(second).isNotSameAs(first).isInstanceOf(ComputeThread.class);
            assertThat(second.getName()).isEqualTo("compute-test");
        } finally {
            executor.shutdown();
        }
    }

    @Test
    void whatTheWorkThrowsIsThrownToTheCaller() {
        assertThatThrownBy(() -> ComputeThread.call(() -> {
                    throw new IOException("no file");
                }))
                .isInstanceOf(IOException.class)
                .hasMessage("no file");
        assertThatThrownBy(() -> ComputeThread.call(() -> {
                    throw new StackOverflowError("too deep");
                }))
                .isInstanceOf(StackOverflowError.class);
    }

    @Test
    void anInterruptReachesTheWorkAndStaysWithTheCaller() {
        Thread.currentThread().interrupt();

        boolean seen = ComputeThread.<Boolean, RuntimeException>call(() -> {
            while (!Thread.interrupted()) {
                Thread.onSpinWait();
            }
            return true;
        });

        assertThat(seen).isTrue();
        assertThat(Thread.interrupted()).isTrue();
    }
}
