package io.millrace.trainer.curate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.TrainingExample;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.InputRecord;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Reads one record's bytes as an example, and says on which side of the held-out split it stands.
 *
 * @param parser throws a {@link MillraceException} with the dead letter's code
 * @param known whether examples of an adapter are taken: all, where adapters are created on first use
 */
public record Parse(Function<byte[], TrainingExample> parser, Predicate<AdapterName> known, AssignHeldOut split) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MAX_ECHOED_CHARS = 1_000;

    Verdict parse(Optional<byte[]> bytes, InputRecord source) {
        try {
            TrainingExample example = parser.apply(bytes.orElse(new byte[0]));
            if (!known.test(example.adapter())) {
                throw new MillraceException(
                        ErrorCode.UNKNOWN_ADAPTER,
                        "there is no adapter " + example.adapter()
                                + " and adapters aren't created on first use here; create it first");
            }
            return new Verdict.Accepted(CuratedExample.newBuilder()
                    .setAdapter(example.adapter().toString())
                    .setExampleId(example.id())
                    .setContentSha256(example.contentDigest().hex())
                    .setHeldOut(split.heldOut(example.adapter(), example.prompt()))
                    .setSource(source)
                    .setRecord(ByteString.copyFrom(bytes.orElseThrow()))
                    .build());
        } catch (MillraceException e) {
            return refused(bytes, source, e.code(), e.getMessage());
        } catch (RuntimeException e) {
            // No record stops the stream, not even one that a parser trips over.
            return refused(bytes, source, ErrorCode.MALFORMED_JSON, "the record can't be read: " + e);
        }
    }

    private static Verdict refused(Optional<byte[]> bytes, InputRecord source, ErrorCode code, String message) {
        Optional<JsonNode> tree = bytes.flatMap(Parse::tree);
        return new Verdict.Refused(source, bytes, text(tree, "id"), text(tree, "adapter"), code, message);
    }

    private static Optional<JsonNode> tree(byte[] bytes) {
        try {
            return Optional.ofNullable(JSON.readTree(bytes));
        } catch (IOException | RuntimeException e) {
            return Optional.empty();
        }
    }

    /** Left out where an outcome couldn't hold it: a record without a usable id is told by where it came from. */
    private static Optional<String> text(Optional<JsonNode> tree, String field) {
        return tree.map(t -> t.get(field))
                .filter(JsonNode::isTextual)
                .map(JsonNode::textValue)
                .filter(t -> !t.isBlank() && t.length() <= MAX_ECHOED_CHARS)
                .filter(t ->
                        t.codePoints().noneMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE));
    }
}
