package io.millrace.trainer.job;

import io.millrace.trainer.worker.Engine;
import java.util.Optional;
import java.util.function.Supplier;

/** One base for live training and jobs, opened by whoever needs it first. */
public final class SharedEngine implements AutoCloseable {
    private final Supplier<Engine> engines;
    private final DeviceTurns turns;
    private Optional<Engine> opened = Optional.empty();

    public SharedEngine(Supplier<Engine> engines, DeviceTurns turns) {
        this.engines = engines;
        this.turns = turns;
    }

    /** Computes as soon as no step of a job runs. Closing it closes nothing: that is for the owner of this. */
    public Engine live() {
        return with(turns::live);
    }

    /** Computes while live training pauses. */
    public Engine background() {
        return with(turns::background);
    }

    /** Another base that computes while live training pauses. Closing it closes it. */
    public Engine background(Engine other) {
        return new Engine(
                other.base(), other.encoder(), new TurnTakingModel(other.model(), turns::background), other::close);
    }

    private Engine with(TurnTakingModel.Turn turn) {
        Engine engine = open();
        return new Engine(engine.base(), engine.encoder(), new TurnTakingModel(engine.model(), turn), () -> {});
    }

    private synchronized Engine open() {
        if (opened.isEmpty()) {
            opened = Optional.of(engines.get());
        }
        return opened.get();
    }

    @Override
    public synchronized void close() {
        opened.ifPresent(Engine::close);
        opened = Optional.empty();
    }
}
