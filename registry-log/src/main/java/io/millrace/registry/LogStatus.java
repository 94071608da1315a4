package io.millrace.registry;

import io.millrace.core.MillraceException;

/** How far a registry log's tail is. */
public sealed interface LogStatus {

    /** One line for people. */
    String detail();

    /** Kafka or the snapshots can't be reached; it goes on trying. */
    record Waiting(String detail) implements LogStatus {}

    /** Reading what was written before it started. */
    record CatchingUp(long offset, long end) implements LogStatus {
        @Override
        public String detail() {
            return "at offset " + offset + " of " + end;
        }
    }

    /** At the end that the log had when it started, or past it. */
    record Following() implements LogStatus {
        @Override
        public String detail() {
            return "following";
        }
    }

    /** It had caught up; now Kafka can't be reached. It serves what it has and goes on trying. */
    record Disconnected(String detail) implements LogStatus {}

    /** A record needs a newer version of Millrace; it serves the state before that one. */
    record Outdated(long offset) implements LogStatus {
        @Override
        public String detail() {
            return "the record at offset " + offset + " needs a newer Millrace than this one; upgrade this node";
        }
    }

    /** It won't go on by itself. */
    record Refused(MillraceException error) implements LogStatus {
        @Override
        public String detail() {
            return error.getMessage();
        }
    }

    /** It was closed. */
    record Closed() implements LogStatus {
        @Override
        public String detail() {
            return "closed";
        }
    }
}
