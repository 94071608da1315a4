package io.millrace.bench.chaos;

import io.millrace.core.AdapterName;
import io.millrace.trainer.curate.AssignHeldOut;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The endless sequence of example records of one seed: mostly good ones of several adapters, among them copies, ids that
 * come again with other content, and what can't be trained. Pure: the nth record is always the same.
 */
record Input(long seed, int adapters) {
    private static final Pattern NUMBER = Pattern.compile("\"chaos\": ?(\\d+)");
    private static final int REACH_BACK = 60;

    /** What a record is, which decides what has to become of it. */
    enum Kind {
        /** Trained or held out; of several with the same id and content, one. */
        GOOD(""),
        /** Another good record's id with other content: refused, or trained where it came first. */
        REUSED("id_reused"),
        MALFORMED("malformed_json"),
        TOO_LONG("too_long");

        private final String code;

        Kind(String code) {
            this.code = code;
        }

        /** Why it is refused. */
        String code() {
            return code;
        }
    }

    /**
     * One record.
     *
     * @param id of the example; the same for its copies and for those that take it with other content
     * @param heldOut whether training it would be wrong
     */
    record Sent(long number, Kind kind, AdapterName adapter, String id, boolean heldOut, byte[] json) {}

    Sent record(long number) {
        SplittableRandom random = new SplittableRandom(seed * 1_000_003 + number);
        int lot = random.nextInt(100);
        long earlier = number - 1 - random.nextInt(REACH_BACK);
        if (lot < 4 && earlier >= 0 && plain(earlier)) {
            return good(number, earlier);
        }
        if (lot == 4 && earlier >= 0 && plain(earlier)) {
            return of(number, earlier, Kind.REUSED, "something else, said by record " + number);
        }
        if (lot == 5 || lot == 6) {
            return of(number, number, Kind.MALFORMED, "");
        }
        if (lot == 7) {
            return of(number, number, Kind.TOO_LONG, "much too long ".repeat(400));
        }
        return good(number, number);
    }

    /** The number of a record by its bytes. */
    static Optional<Long> numberOf(byte[] json) {
        Matcher matcher = NUMBER.matcher(new String(json, StandardCharsets.UTF_8));
        return matcher.find() ? Optional.of(Long.parseLong(matcher.group(1))) : Optional.empty();
    }

    AdapterName adapter(long number) {
        return AdapterName.parse("chaos/a" + Math.floorMod(number, adapters));
    }

    private boolean plain(long number) {
        return new SplittableRandom(seed * 1_000_003 + number).nextInt(100) > 7;
    }

    private Sent good(long number, long content) {
        return of(number, content, Kind.GOOD, "record " + content + " of " + adapter(content) + " was answered");
    }

    private Sent of(long number, long content, Kind kind, String completion) {
        AdapterName adapter = adapter(content);
        String prompt = "what about " + content + "?";
        String json = "{\"chaos\": " + number + ", \"adapter\": \"" + adapter + "\", \"id\": \"e" + content
                + "\", \"prompt\": \"" + prompt + "\", "
                + (kind == Kind.MALFORMED ? "" : "\"completion\": \"" + completion + "\"}");
        return new Sent(
                number,
                kind,
                adapter,
                "e" + content,
                AssignHeldOut.ONE_IN_FIFTY.heldOut(adapter, prompt),
                json.getBytes(StandardCharsets.UTF_8));
    }
}
