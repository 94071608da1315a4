package io.millrace.trainer.outcome;

import io.millrace.core.ErrorCode;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.InputRecord;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;

/** A record of the dead-letter topic: the producer's bytes as they came, and in headers why they were refused. */
public record DeadLetter(InputRecord source, Optional<byte[]> record, ErrorCode code, String message) {
    public static final String CODE = "millrace.error.code";
    public static final String MESSAGE = "millrace.error.message";
    public static final String TOPIC = "millrace.source.topic";
    public static final String PARTITION = "millrace.source.partition";
    public static final String OFFSET = "millrace.source.offset";

    /** Header of an example that is sent again: partition and offset of its dead letter, as {@code 3:17}. */
    public static final String REPLAYED_FROM = "millrace.replayed.from";

    private static final int MAX_MESSAGE_CHARS = 2_000;

    public static DeadLetter of(CuratedExample example, ErrorCode code, String message) {
        Optional<byte[]> record = example.getForgotten()
                ? Optional.empty()
                : Optional.of(example.getRecord().toByteArray());
        return new DeadLetter(example.getSource(), record, code, message);
    }

    public Headers headers() {
        String line = message.length() <= MAX_MESSAGE_CHARS ? message : message.substring(0, MAX_MESSAGE_CHARS);
        Headers headers = new RecordHeaders();
        headers.add(CODE, utf8(code.code()));
        headers.add(MESSAGE, utf8(line));
        headers.add(TOPIC, utf8(source.getTopic()));
        headers.add(PARTITION, utf8(Integer.toString(source.getPartition())));
        headers.add(OFFSET, utf8(Long.toString(source.getOffset())));
        return headers;
    }

    /** Ready to send; key and value are the producer's. */
    public ProducerRecord<byte[], byte[]> toRecord(String topic) {
        byte[] key = source.hasKey() ? source.getKey().toByteArray() : null;
        return new ProducerRecord<>(topic, null, null, key, record.orElse(null), headers());
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
