package io.millrace.trainer.forget;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * What was deleted of one partition: Kafka deletes from the start up to an offset, and nothing else.
 *
 * @param found records that held a forgotten text
 * @param before all records before this offset are deleted
 * @param othersDeleted records of other examples that went with them
 * @param othersKept records of other examples that were written again behind the rest before they were deleted
 * @param waiting records that hold a forgotten text and can't be deleted yet, for nobody has read them so far
 */
@JsonNaming(SnakeCaseStrategy.class)
record ErasedRecords(
        String topic, int partition, int found, long before, long othersDeleted, long othersKept, int waiting) {}
