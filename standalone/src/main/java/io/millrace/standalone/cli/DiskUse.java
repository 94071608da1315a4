package io.millrace.standalone.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.millrace.standalone.cli.DoctorCommand.Check;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a data folder uses of the disk, what keeps it there, and when the disk will be full if it goes on growing as it did
 * in the last day.
 *
 * @param freeBytes of the disk
 * @param status of the trainer, where one runs
 */
record DiskUse(Path dataDir, long freeBytes, Instant now, Optional<JsonNode> status) {
    private static final double GIB = 1 << 30;
    private static final Duration LOOKED_AT = Duration.ofDays(1);
    private static final Duration TOO_EARLY = Duration.ofHours(1);
    private static final long FEW_DAYS = 7;

    /** Files of a folder. */
    private record Used(long bytes, long lately, Optional<Instant> first) {}

    List<Check> checks() throws IOException {
        Path objects = dataDir.resolve("objects");
        Path kafka = dataDir.resolve("kafka");
        List<Check> checks = new ArrayList<>();
        if (!Files.isDirectory(objects)) {
            return checks;
        }
        Used stored = used(objects);
        Used logged = Files.isDirectory(kafka) ? used(kafka) : new Used(0, 0, Optional.empty());
        checks.add(Check.ok("objects on disk", objects(stored)));
        checks.add(Check.ok(
                "Kafka on disk",
                gib(logged.bytes())
                        + ": the journal and the registry's log are kept for ever, examples and the rest for"
                        + " days or weeks"));
        checks.add(forecast(stored));
        return checks;
    }

    private long checkpointBytes() {
        long bytes = 0;
        for (JsonNode adapter : status.map(s -> s.path("adapters")).orElse(MissingNode.getInstance())) {
            bytes += adapter.path("checkpointBytes").asLong();
        }
        return bytes;
    }

    private String objects(Used stored) {
        String kept = "archives of rounds and versions, kept for ever so that each version can be computed again";
        if (status.isEmpty()) {
            return gib(stored.bytes()) + ": checkpoints (the last three of each adapter), " + kept;
        }
        long checkpoints = checkpointBytes();
        int adapters = status.get().path("adapters").size();
        return gib(stored.bytes()) + ": " + gib(checkpoints) + " are checkpoints (the last three of each of " + adapters
                + " adapters), " + gib(Math.max(0, stored.bytes() - checkpoints)) + " " + kept;
    }

    /** Checkpoints replace one another: where a trainer says how much they are, they count as no growth. */
    private Check forecast(Used stored) {
        if (stored.lately() == 0) {
            return Check.ok("disk forecast", "nothing was stored in the last day");
        }
        Duration age = stored.first().map(first -> Duration.between(first, now)).orElse(Duration.ZERO);
        if (age.compareTo(TOO_EARLY) < 0) {
            return Check.ok("disk forecast", "too early to say: all of it was stored within the last hour");
        }
        Duration over = age.compareTo(LOOKED_AT) > 0 ? LOOKED_AT : age;
        long growth = Math.max(1, stored.lately() - checkpointBytes());
        double perDay = (double) growth / over.toMillis() * LOOKED_AT.toMillis();
        long days = (long) Math.min(36_500, freeBytes / perDay);
        String found = String.format(
                Locale.ROOT,
                "%s a day at the last day's rate: %s free are full in about %d days",
                gib((long) perDay),
                gib(freeBytes),
                days);
        return days >= FEW_DAYS
                ? Check.ok("disk forecast", found)
                : Check.bad("disk forecast", found + ": make room, or set version.every-rounds higher");
    }

    private Used used(Path folder) throws IOException {
        long bytes = 0;
        long lately = 0;
        Instant first = now;
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
                Instant written = attributes.lastModifiedTime().toInstant();
                bytes += attributes.size();
                lately += written.isAfter(now.minus(LOOKED_AT)) ? attributes.size() : 0;
                first = written.isBefore(first) ? written : first;
            }
        }
        return new Used(bytes, lately, bytes == 0 ? Optional.empty() : Optional.of(first));
    }

    private static String gib(long bytes) {
        return String.format(Locale.ROOT, "%.2f GiB", bytes / GIB);
    }
}
