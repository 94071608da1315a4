package io.millrace.trainer.outcome;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.core.ErrorCode;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.InputRecord;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.OptionalDouble;

/** A record of the topic {@code millrace.outcomes}: what one input record came to. */
public record Outcome(
        Optional<String> id,
        Optional<String> adapter,
        InputRecord source,
        Kind kind,
        Optional<ErrorCode> code,
        Optional<Trained> trained) {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** As the topic's readers know it. */
    public enum Kind {
        TRAINED,
        HELD_OUT,
        DUPLICATE,
        REJECTED
    }

    /**
     * How it was trained.
     *
     * @param round ordinal within the adapter
     * @param digest of the head that the round led to
     * @param loss before the update
     * @param truncated whether prompt tokens were dropped
     */
    public record Trained(long round, String digest, OptionalDouble loss, boolean truncated) {}

    public static Outcome trained(CuratedExample example, Trained trained) {
        return of(example, Kind.TRAINED, Optional.empty(), Optional.of(trained));
    }

    public static Outcome heldOut(CuratedExample example) {
        return of(example, Kind.HELD_OUT, Optional.empty(), Optional.empty());
    }

    public static Outcome duplicate(CuratedExample example) {
        return of(example, Kind.DUPLICATE, Optional.empty(), Optional.empty());
    }

    public static Outcome rejected(CuratedExample example, ErrorCode code) {
        return of(example, Kind.REJECTED, Optional.of(code), Optional.empty());
    }

    /** For a record that couldn't be read: id and adapter only where they could be made out. */
    public static Outcome rejected(Optional<String> id, Optional<String> adapter, InputRecord source, ErrorCode code) {
        return new Outcome(id, adapter, source, Kind.REJECTED, Optional.of(code), Optional.empty());
    }

    private static Outcome of(CuratedExample example, Kind kind, Optional<ErrorCode> code, Optional<Trained> trained) {
        return new Outcome(
                Optional.of(example.getExampleId()),
                Optional.of(example.getAdapter()),
                example.getSource(),
                kind,
                code,
                trained);
    }

    /** Where a record lies: topic, partition and offset, as {@code millrace.examples/3/17}. */
    public static String place(InputRecord source) {
        return source.getTopic() + "/" + source.getPartition() + "/" + source.getOffset();
    }

    /** The example's id, or where it came from. */
    public byte[] key() {
        return id.orElseGet(() -> place(source)).getBytes(StandardCharsets.UTF_8);
    }

    public byte[] json() {
        ObjectNode node = JSON.createObjectNode();
        id.ifPresent(i -> node.put("id", i));
        adapter.ifPresent(a -> node.put("adapter", a));
        node.putObject("source")
                .put("topic", source.getTopic())
                .put("partition", source.getPartition())
                .put("offset", source.getOffset());
        node.put("outcome", kind.name());
        code.ifPresent(c -> node.put("code", c.code()));
        trained.ifPresent(t -> {
            node.put("round", t.round());
            node.put("digest", t.digest());
            t.loss().ifPresent(loss -> node.put("loss", loss));
            if (t.truncated()) {
                node.put("truncated", true);
            }
        });
        return node.toString().getBytes(StandardCharsets.UTF_8);
    }
}
