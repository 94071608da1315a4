package io.millrace.trainer.worker;

import java.util.List;

/**
 * One adapter as its worker sees it.
 *
 * @param state {@code idle}, {@code collecting}, {@code training}, {@code paused}, {@code waiting} (for what
 *     {@code detail} says)
 * @param round rounds committed
 * @param step optimizer steps
 * @param lossBeforeUpdate mean over the last round's fresh examples; NaN before the first round
 * @param examples trained so far
 * @param waiting curated records that aren't planned yet
 * @param heldOut examples to measure with
 * @param digest of the head
 * @param version id of the last version; empty before the first
 * @param detail why it doesn't go on; empty where nothing is wrong
 * @param shifts of what comes in, detected so far
 * @param checkpointBytes in the store
 * @param alarms raised now, as {@code gradient_explodes}
 */
public record AdapterStatus(
        String adapter,
        int partition,
        String state,
        long round,
        long step,
        double lossBeforeUpdate,
        long examples,
        int waiting,
        int heldOut,
        String digest,
        String version,
        String detail,
        long shifts,
        long checkpointBytes,
        List<String> alarms) {}
