package io.millrace.bench.chaos;

import io.millrace.bench.UpProcess;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/** One life of the system after another: each is started, watched, and killed where the plan says. */
final class Lives {
    private static final Duration LOOK = Duration.ofMillis(20);
    private static final Duration PATIENCE = Duration.ofMinutes(20);
    private static final Duration USUAL_START = Duration.ofSeconds(8);

    private final Function<Map<String, String>, UpProcess> starter;
    private final UpProcess.Listening ports;
    private final Stream stream;
    private final OutcomeWatch outcomes;
    private final Input input;
    private final Consumer<String> say;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();
    private final Durations toReady = new Durations();
    private final Durations toCaughtUp = new Durations();
    private int crashes;
    private final Map<KillPlan.Phase, Integer> kills = new EnumMap<>(KillPlan.Phase.class);

    Lives(
            Function<Map<String, String>, UpProcess> starter,
            UpProcess.Listening ports,
            Stream stream,
            OutcomeWatch outcomes,
            Input input,
            Consumer<String> say) {
        this.starter = starter;
        this.ports = ports;
        this.stream = stream;
        this.outcomes = outcomes;
        this.input = input;
        this.say = say;
    }

    /** From the start of the process to its READY, of lives that followed a kill. */
    Durations toReady() {
        return toReady;
    }

    /** From the start of the process until all that was sent before has an outcome. */
    Durations toCaughtUp() {
        return toCaughtUp;
    }

    Map<KillPlan.Phase, Integer> kills() {
        return kills;
    }

    /** What was seen of one life. */
    private final class Life implements AutoCloseable {
        private final boolean first;
        private final boolean crashes;
        private final long started = System.nanoTime();
        private final Map<Integer, Long> before = stream.ends();
        private final UpProcess up;
        private Optional<Duration> ready = Optional.empty();
        private Optional<Duration> caughtUp = Optional.empty();

        Life(boolean first, Map<String, String> environment) {
            this.first = first;
            this.crashes = environment.containsKey("MILLRACE_CRASH_AT");
            this.up = starter.apply(environment);
        }

        Duration age() {
            return Duration.ofNanos(System.nanoTime() - started);
        }

        void look() throws InterruptedException {
            if (!up.alive() && !crashes) {
                throw new MillraceException(
                        ErrorCode.NOT_READY, "the system ended by itself " + age().toMillis() + " ms after its start");
            }
            if (age().compareTo(PATIENCE) > 0) {
                throw new MillraceException(
                        ErrorCode.TIMED_OUT,
                        ready.isEmpty()
                                ? "the system isn't ready " + PATIENCE + " after its start"
                                : "what was sent before its start has no outcome " + PATIENCE + " after it");
            }
            if (ready.isEmpty() && up.ready()) {
                ready = Optional.of(age());
                if (!first) {
                    toReady.add(age());
                }
            }
            if (ready.isPresent() && caughtUp.isEmpty() && outcomes.covers(before)) {
                caughtUp = Optional.of(age());
                if (!first) {
                    toCaughtUp.add(age());
                }
            }
            Thread.sleep(LOOK.toMillis());
        }

        boolean has(KillPlan.Phase phase) {
            return switch (phase) {
                case STARTING -> true;
                case RECOVERING -> kafkaAnswers();
                case TRAINING, PUBLISHING -> ready.isPresent();
                case CAUGHT_UP -> caughtUp.isPresent();
            };
        }

        @Override
        public void close() {
            up.close();
        }
    }

    /** A life that ends by SIGKILL. */
    void killed(int number, KillPlan plan) throws InterruptedException {
        KillPlan.Kill kill = plan.kill(number, toReady.medianOr(USUAL_START), input.adapters());
        Life life = new Life(number == 0, Map.of());
        try {
            while (!life.has(kill.phase())) {
                life.look();
            }
            if (kill.phase() == KillPlan.Phase.PUBLISHING) {
                cut(input.adapter(kill.adapter()));
            }
            Duration at = life.age().plus(kill.delay());
            while (life.age().compareTo(at) < 0) {
                life.look();
            }
        } finally {
            life.up.kill();
        }
        kills.merge(kill.phase(), 1, Integer::sum);
        say.accept("kill " + (number + 1) + " while " + kill.phase() + " after "
                + life.age().toMillis() + " ms, ready "
                + life.ready.map(Duration::toMillis).map(String::valueOf).orElse("not yet") + ", sent "
                + stream.sent() + ", outcomes " + outcomes.outcomes());
    }

    /**
     * A life that halts at a named point.
     *
     * @param crash as {@code after-plan:2}
     */
    void crashed(String crash, boolean first) throws InterruptedException {
        try (Life life = new Life(first, Map.of("MILLRACE_CRASH_AT", crash))) {
            for (int look = 0; life.up.alive(); look++) {
                if (life.ready.isPresent() && look % 50 == 0) {
                    cut(input.adapter(look / 50));
                }
                life.look();
            }
            say.accept("halted at " + crash + " after " + life.age().toMillis() + " ms");
        }
        crashes++;
    }

    /** Lives that halted where they were to. */
    int crashes() {
        return crashes;
    }

    /** The last life, which catches up with everything, publishes what it has, and is stopped in good order. */
    void last(boolean first) throws InterruptedException {
        try (Life life = new Life(first, Map.of())) {
            while (life.ready.isEmpty()) {
                life.look();
            }
            stream.close();
            Map<Integer, Long> written = stream.written();
            while (!outcomes.covers(written)) {
                life.look();
            }
            while (life.caughtUp.isEmpty()) {
                life.look();
            }
            new Settling(http, ports.http()).await(input, PATIENCE);
            say.accept("stopping after " + life.age().toMillis() + " ms");
        }
    }

    private boolean kafkaAnswers() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), ports.kafka()), 200);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private void cut(AdapterName adapter) {
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + ports.http() + "/api/v1/trainer/adapters/" + adapter + "/cut"))
                .POST(HttpRequest.BodyPublishers.noBody())
                .build();
        var unused = http.sendAsync(request, HttpResponse.BodyHandlers.discarding());
    }
}
