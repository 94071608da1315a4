package io.millrace.trainer.protocol;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Places where the process can be made to die, to see that nothing is lost: {@code MILLRACE_CRASH_AT=after-plan:3} in the
 * environment halts it, as {@code kill -9} does, when it passes the point for the third time ({@code after-plan} alone: the
 * first). Without the variable a point does nothing.
 */
public enum CrashPoint {
    /** An example was accepted by curate, and its id remembered; the transaction is open. */
    CURATE,
    /** A partition's journal was read. */
    RECOVERED,
    /** The archive is stored; the plan's transaction hasn't begun. */
    BEFORE_PLAN,
    /** The plan's transaction holds everything, and isn't committed. */
    DURING_PLAN,
    AFTER_PLAN,
    /** A planned round is about to be computed once more; that isn't on record yet. */
    BEFORE_RETRY,
    DURING_RETRY,
    AFTER_RETRY,
    /** Between two optimizer steps. */
    MID_TRAIN,
    /** The round is computed; the commit's transaction hasn't begun. */
    BEFORE_COMMIT,
    DURING_COMMIT,
    AFTER_COMMIT,
    /** A head's bytes are stored; nothing says so yet. */
    DURING_CHECKPOINT,
    /** A version's files are stored; the cut's transaction hasn't begun. */
    AFTER_FILES,
    DURING_CUT,
    AFTER_CUT,
    /** The cut is journaled; the registry hasn't heard of it. */
    BEFORE_REGISTRY,
    /** The command was given to the producer; its answer hasn't come. */
    AFTER_REGISTRY,
    /** What is to be forgotten is on record as asked for, the head is stored; the transaction hasn't begun. */
    BEFORE_FORGET,
    DURING_FORGET,
    /** The journal says that examples are forgotten; their texts are all there. */
    AFTER_FORGET,
    /** What is left of an archive is stored and found by the old name; the old bytes are there, too. */
    MID_ARCHIVES,
    AFTER_ARCHIVES,
    /** What stays of a partition was written again behind the rest; nothing was deleted. */
    MID_TOPICS,
    /** All is erased; that it was asked for is still on record. */
    AFTER_TOPICS;

    /** What a process that was halted here exits with. */
    public static final int EXIT = 86;

    // Static, since a point is passed deep inside every part, and only tests set it: threading it through all
    // constructors would show it everywhere.
    private static final Optional<Armed> ARMED =
            Optional.ofNullable(System.getenv("MILLRACE_CRASH_AT")).map(Armed::parse);

    private record Armed(CrashPoint point, AtomicLong left) {
        static Armed parse(String text) {
            String[] parts = text.strip().split(":", 2);
            return new Armed(of(parts[0]), new AtomicLong(parts.length > 1 ? Long.parseLong(parts[1].strip()) : 1));
        }
    }

    /** The point of that name, as {@code after-plan}. @throws IllegalArgumentException where there is none */
    public static CrashPoint of(String name) {
        return valueOf(name.strip().toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    /** Those that a stream of examples passes. */
    public static Set<CrashPoint> ofTheStream() {
        return EnumSet.complementOf(EnumSet.copyOf(ofForgetting()));
    }

    /** Those that are passed where examples are forgotten. */
    public static Set<CrashPoint> ofForgetting() {
        return EnumSet.range(BEFORE_FORGET, AFTER_TOPICS);
    }

    /** As it stands in {@code MILLRACE_CRASH_AT}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The process is here. */
    public void pass() {
        if (ARMED.isPresent()
                && ARMED.get().point() == this
                && ARMED.get().left().decrementAndGet() == 0) {
            Runtime.getRuntime().halt(EXIT);
        }
    }
}
