package io.millrace.trainer.worker;

import com.google.protobuf.InvalidProtocolBufferException;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.JournalRecord;
import java.util.Arrays;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Records of the journal's topic as messages. */
public final class JournalRecords {
    private JournalRecords() {}

    /** @throws MillraceException {@code incompatible_log} */
    public static JournalRecord read(ConsumerRecord<byte[], byte[]> record) {
        try {
            return JournalRecord.parseFrom(record.value());
        } catch (InvalidProtocolBufferException e) {
            throw new MillraceException(
                    ErrorCode.INCOMPATIBLE_LOG,
                    "the journal's record at partition " + record.partition() + ", offset " + record.offset()
                            + " can't be read: " + Arrays.toString(record.key()),
                    e);
        }
    }
}
