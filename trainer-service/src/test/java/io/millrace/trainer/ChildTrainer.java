package io.millrace.trainer;

import io.millrace.core.AdapterName;
import io.millrace.registry.KafkaRegistryLog;
import io.millrace.store.BlobStore;
import io.millrace.store.S3BlobStore;
import io.millrace.store.S3Settings;
import io.millrace.topics.KafkaSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** A trainer in a process of its own, which can be halted, stopped and continued; it cuts versions all the time. */
public final class ChildTrainer implements AutoCloseable {
    private final Process process;

    private ChildTrainer(Process process) {
        this.process = process;
    }

    /** @param environment on top of this process's own */
    static ChildTrainer start(
            KafkaSettings kafka, S3Settings s3, Path directory, String workerId, Map<String, String> environment)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-Dai.djl.offline=true",
                "-DOPT_OUT_TRACKING=true",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                ChildTrainer.class.getName()));
        command.addAll(List.of(kafka.bootstrapServers(), kafka.topicPrefix(), "" + kafka.partitions()));
        command.addAll(List.of(s3.endpoint().toString(), s3.accessKey(), s3.secretKey(), s3.bucket()));
        command.addAll(List.of(directory.toString(), workerId));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        directory.resolve("child.log").toFile()));
        builder.environment().putAll(environment);
        return new ChildTrainer(builder.start());
    }

    /** What it ends with; fails where it goes on for longer. */
    int awaitEnd(long seconds) throws InterruptedException {
        if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
            throw new AssertionError("the child trainer goes on");
        }
        return process.exitValue();
    }

    /** Asks it to forget examples of an adapter. */
    void forget(String adapter, String... exampleIds) throws IOException {
        OutputStream in = process.getOutputStream();
        in.write((adapter + " " + String.join(" ", exampleIds) + "\n").getBytes(StandardCharsets.UTF_8));
        in.flush();
    }

    boolean alive() {
        return process.isAlive();
    }

    /** SIGSTOP: no thread of it goes on, heartbeats neither. */
    void pause() throws IOException, InterruptedException {
        signal("-STOP");
    }

    void resume() throws IOException, InterruptedException {
        signal("-CONT");
    }

    private void signal(String signal) throws IOException, InterruptedException {
        int exit = new ProcessBuilder("kill", signal, Long.toString(process.pid()))
                .inheritIO()
                .start()
                .waitFor();
        if (exit != 0) {
            throw new IOException("kill " + signal + " failed");
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    /** Runs until its standard input ends, as it does when the test's process is gone. */
    public static void main(String[] args) throws Exception {
        KafkaSettings kafka = new KafkaSettings(args[0], args[1], Integer.parseInt(args[2]), Map.of());
        BlobStore store = new S3BlobStore(S3Settings.of(URI.create(args[3]), args[4], args[5], args[6], "us-east-1"));
        KafkaRegistryLog registry = KafkaRegistryLog.start(kafka, new BlobSnapshots(store));
        Trainer trainer = TestTrainer.of(kafka, store, registry, Path.of(args[7]), args[8], Clock.systemUTC());
        trainer.start();
        Thread cuts = new Thread(() -> cutAllTheTime(trainer), "cuts");
        cuts.setDaemon(true);
        cuts.start();
        BufferedReader asked = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = asked.readLine(); line != null; line = asked.readLine()) {
            List<String> words = List.of(line.split(" "));
            trainer.forget(AdapterName.parse(words.get(0)), Set.copyOf(words.subList(1, words.size())), false);
        }
        trainer.close();
        registry.close();
        store.close();
    }

    private static void cutAllTheTime(Trainer trainer) {
        try {
            while (true) {
                trainer.adapters().forEach(a -> {
                    var unused = trainer.requestCut(AdapterName.parse(a.adapter()));
                });
                TimeUnit.SECONDS.sleep(3);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
