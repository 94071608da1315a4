package io.millrace.trainer.worker;

import io.millrace.core.AdapterName;
import io.millrace.proto.internal.CheckpointStored;
import io.millrace.proto.internal.ExamplesForgotten;
import io.millrace.proto.internal.HeadReplaced;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.RoundAbandoned;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.proto.internal.RoundRebased;
import io.millrace.proto.internal.RoundRetried;
import io.millrace.proto.internal.VersionCut;
import io.millrace.trainer.protocol.JournalFold;

/** Journal records, wrapped. */
final class Events {
    private Events() {}

    static JournalRecord planned(AdapterName adapter, RoundPlanned event) {
        return of(adapter).setRoundPlanned(event).build();
    }

    static JournalRecord committed(AdapterName adapter, RoundCommitted event) {
        return of(adapter).setRoundCommitted(event).build();
    }

    static JournalRecord retried(AdapterName adapter, RoundRetried event) {
        return of(adapter).setRoundRetried(event).build();
    }

    static JournalRecord abandoned(AdapterName adapter, RoundAbandoned event) {
        return of(adapter).setRoundAbandoned(event).build();
    }

    static JournalRecord rebased(AdapterName adapter, RoundRebased event) {
        return of(adapter).setRoundRebased(event).build();
    }

    static JournalRecord checkpoint(AdapterName adapter, CheckpointStored event) {
        return of(adapter).setCheckpointStored(event).build();
    }

    static JournalRecord cut(AdapterName adapter, VersionCut event) {
        return of(adapter).setVersionCut(event).build();
    }

    static JournalRecord replaced(AdapterName adapter, HeadReplaced event) {
        return of(adapter).setHeadReplaced(event).build();
    }

    static JournalRecord forgotten(AdapterName adapter, ExamplesForgotten event) {
        return of(adapter).setExamplesForgotten(event).build();
    }

    private static JournalRecord.Builder of(AdapterName adapter) {
        return JournalRecord.newBuilder().setAdapter(adapter.toString()).setFoldVersion(JournalFold.FOLD_VERSION);
    }
}
